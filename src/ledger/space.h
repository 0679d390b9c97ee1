/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Tells operators how much is free on the file systems that uploads go to. */
#ifndef EP_SPACE_H
#define EP_SPACE_H

#include "httpd.h"

#include "core/status/status_json.h"

/** The most directories that are looked at. */
#define EP_SPACE_MAX 64

/** Call it before a configuration is read: forgets the previous one. */
void ep_space_reset(void);

/** While the configuration is read: uploads may go to a directory. */
void ep_space_watch(apr_pool_t *pconf, const char *directory);

/** In post_config: adds the DocumentRoot of each server, and makes the memory that
 * all children share. */
void ep_space_start(apr_pool_t *pconf, server_rec *main_server);

/**
 * Looks at the file systems.  One that does not answer (NFS, FUSE) holds one thread of
 * all children; the others are then told what was read before.
 * A project quota counts as a file system of its own.  The path of each is the first
 * directory of the configuration that lies on it.
 * @param left_out out: how many directories were too many
 * @return how many, in @a spaces, which has room for EP_SPACE_MAX
 */
int ep_space_read(apr_pool_t *pool, ep_report_space *spaces, int *left_out);

#endif
