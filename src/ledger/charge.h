/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Makes the charge of a limit that counts: its account in the ledger, and its
 * limit. */
#ifndef EP_CHARGE_H
#define EP_CHARGE_H

#include <sys/types.h>

#include "request/request.h"

#include "ledger/provider.h"

/**
 * @param setting a limit that counts, not Off
 * @param charge filled in, except its amount
 * @param directory out: FREE_SPACE: the directory in which the content will be
 *        stored, for ep_charge_space(), in the request's pool; else NULL
 * @return 1; 0: the limit does not count this upload; -1: the account is not known,
 *         and the reason was logged once
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

/** @return the directory whose tree a quota counts, in the request's pool; NULL: the
 * upload is not written to a file */
const char *ep_charge_directory(request_rec *r, const ep_setting *setting);

/** @return 1 if both charges are of one account */
int ep_charge_is_same(const ep_ledger_charge *a, const ep_ledger_charge *b);

/** The charge by which only one upload at a time replaces a file.  All members are
 * filled in. */
void ep_charge_file(dev_t device, ino_t number, ep_ledger_charge *charge);

/**
 * @param r NULL: the limit stands in the server's files
 * @return the share of a tree (ep_ledger_charge): a hash of the section in the
 *         server's files that has the limit; or of the site: the virtual host, and
 *         the owner of the directory of the .htaccess file
 */
uint64_t ep_charge_share(const request_rec *r, const ep_count *count);

/** @return bytes that may still be used on the file system of a directory, at least
 * 0; -1: the file system does not tell */
int64_t ep_charge_space(const char *directory, const ep_setting *setting);

#endif
