/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * `httpd -t -D DUMP_EXPECT_POLICY`: prints the policy of each section of the server's
 * files, with file and line, and warns of settings that never act.
 */
#ifndef EP_DUMP_H
#define EP_DUMP_H

/** Registers the hook. */
void ep_dump_register(void);

#endif
