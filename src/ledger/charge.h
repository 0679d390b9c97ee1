/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What a limit that counts asks of the ledger for one upload: which account
 * it is, and how much there is of it. */
#ifndef EP_CHARGE_H
#define EP_CHARGE_H

#include <sys/types.h>

#include "request/request.h"

#include "ledger/provider.h"

/**
 * @param setting a limit that counts, not Off
 * @param charge filled in, except its amount
 * @param directory FREE_SPACE: where the content is going to lie, for
 *        ep_charge_space(), in the request's pool; else NULL
 * @return 1; 0: it does not count this upload; -1: nobody can tell, and the log
 *         says why, once
 */
int ep_charge_make(request_rec *r, const ep_setting *setting,
                   ep_ledger_charge *charge, const char **directory);

/**
 * The tree of a quota; kind, key, path and is_file are filled in.
 * @param directory lives as long as @a charge, and so does @a usage_file
 * @param usage_file NULL: the tree is measured
 */
void ep_charge_tree(const char *directory, const char *usage_file,
                    ep_ledger_charge *charge);

/** @return the directory whose tree a quota counts; NULL: the upload leads to no
 * file.  It lives as long as the request */
const char *ep_charge_directory(request_rec *r, const ep_setting *setting);

/** The right of one upload at a time to replace a file; complete. */
void ep_charge_file(dev_t device, ino_t number, ep_ledger_charge *charge);

/**
 * Whose tree it is (ep_ledger_charge): of the section in the server's files that
 * has the limit; or of the site, which is the virtual host and the owner of the directory
 * in which the .htaccess file lies.
 * @param r NULL: the limit is none of an .htaccess file
 */
uint64_t ep_charge_share(const request_rec *r, const ep_count *count);

/** @return bytes that may still be used of a directory's file system, at least
 * 0; -1: it does not tell */
int64_t ep_charge_space(const char *directory, const ep_setting *setting);

#endif
