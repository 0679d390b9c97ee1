/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Explains to an administrator what would become of an upload. */
#ifndef EP_EXPLAINER_H
#define EP_EXPLAINER_H

/** Offers explanations to the status page. */
void ep_explainer_register(void);

#endif
