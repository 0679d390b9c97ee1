/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#ifndef EXPECT_POLICY_VERSION_H
#define EXPECT_POLICY_VERSION_H

/**
 * The version of both module files: MAJOR.MINOR.PATCH.  It is read from this line
 * by `make version` and tools/check-version, which hold all other places to it.
 *
 * MAJOR counts changes after which a configuration, or a program that reads our
 * documents, may need an edit; MINOR counts what is new; PATCH only mends.
 */
#define EP_VERSION "1.0.0"

#endif
