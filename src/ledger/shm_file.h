/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The file of the ledger in httpd's parent, which may be root while its children are
 * not.  The parent makes and fills the file, and holds its lock.  It never maps the
 * file and never reads the book: it only reads the first page, as plain bytes.  A file
 * that cannot be used is renamed.  Nothing here calls httpd.
 */
#ifndef EP_SHM_FILE_H
#define EP_SHM_FILE_H

#include <sys/types.h>

#include "ledger/shm_book.h"

/** The version of all structs of the ledger: ep_shm_file and its members, the memory
 * that children share, and the book.  Raise it with each change of one, since a server
 * that restarts with another build of the module still has the old structs. */
#ifndef EP_LEDGER_LAYOUT
#define EP_LEDGER_LAYOUT 10
#endif

/** Kept as long as the parent lives, also when httpd loads the module again.  So it
 * must not contain addresses of code or data of the module. */
typedef struct ep_shm_file {
    /** must be the first member in each version */
    apr_uint32_t layout;
    ep_shm_book block;
    /** 1: this server has the lock, and children may count */
    int is_open;
    /** 1: this server has made the file */
    int is_new;
    /** the parent's own copy of the number of deaths in the orders */
    apr_uint32_t deaths;
    /** the process IDs of live children; from malloc() */
    pid_t *children;
    apr_size_t children_count;
    apr_size_t children_room;
    /** 1: there may be more children, since there was no memory to note one */
    int has_uncounted;
} ep_shm_file;

typedef enum ep_ledger_opened {
    /** it has the counts of an earlier start of the server */
    EP_LEDGER_FOUND,
    /** empty */
    EP_LEDGER_NEW,
    /** as FOUND, but another server has the lock */
    EP_LEDGER_BUSY,
    /** it cannot be opened or made */
    EP_LEDGER_MISSING
} ep_ledger_opened;

#define EP_LEDGER_WHY_SIZE 512

/**
 * Says what ep_shm_file_open() would find, and changes nothing.
 * @param why out: the reason, for a message in which it follows the name of the file;
 *        empty: there is no message
 */
ep_ledger_opened ep_shm_file_check(const char *path, apr_size_t size,
                                   char why[EP_LEDGER_WHY_SIZE]);

/**
 * Opens the file, or makes it.  Renames a file that cannot be used.  Does not wait for
 * the lock.
 * @param path lives as long as @a file
 * @param file out: filled in except on MISSING
 * @param why as above
 */
ep_ledger_opened ep_shm_file_open(ep_shm_file *file, const char *path,
                                  apr_size_t size,
                                  char why[EP_LEDGER_WHY_SIZE]);

/**
 * Tries again to get the lock.
 * @return 1: this server has the lock now, and the orders say so
 */
int ep_shm_file_retry(ep_shm_file *file);

/** At a restart: orders children to repair the book.  If no child is left, makes a new
 * lock for the next ones. */
void ep_shm_file_mend(ep_shm_file *file);

/** Notes that a child has started. */
void ep_shm_file_started(ep_shm_file *file, pid_t pid);

/** A child has ended: orders the others to give back what it held. */
void ep_shm_file_ended(ep_shm_file *file, pid_t pid);

/** Closes the file, which gives up the lock, and gives back the memory. */
void ep_shm_file_close(ep_shm_file *file);

#endif
