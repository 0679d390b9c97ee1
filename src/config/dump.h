/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * `httpd -t -D DUMP_EXPECT_POLICY`: what the sections of the server's files
 * come to, with file and line, and what can never act.
 */
#ifndef EP_DUMP_H
#define EP_DUMP_H

/** Registers the hook. */
void ep_dump_register(void);

#endif
