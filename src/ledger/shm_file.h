/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The ledger's file, as httpd's parent has it, which may be root while its
 * children are not.  The parent never maps the file and never looks into the
 * book: it reads the file's first page as plain bytes, makes and fills the file,
 * and keeps its lock.  What cannot be used is set aside under another name.
 * Nothing here calls httpd.
 */
#ifndef EP_SHM_FILE_H
#define EP_SHM_FILE_H

#include <sys/types.h>

#include "ledger/shm_book.h"

/** Who changes a struct of the ledger counts this up: of ep_shm_file and what
 * it has in it, of what children share, or of the book.  A server that restarts
 * with another build of the module still has the old ones. */
#ifndef EP_LEDGER_LAYOUT
#define EP_LEDGER_LAYOUT 9
#endif

/** What is kept for the life of the process, however often the module is
 * loaded anew: no address of code or data of the module. */
typedef struct ep_shm_file {
    /** the first one in every layout */
    apr_uint32_t layout;
    ep_shm_book block;
    /** 1: this server has the lock, and children may count */
    int is_open;
    /** 1: the file was made, and not found */
    int is_new;
    /** this process's own count of what it has told */
    apr_uint32_t deaths;
    /** children that live: malloc'ed */
    pid_t *children;
    apr_size_t children_count;
    apr_size_t children_room;
    /** 1: there are more, which nobody has counted */
    int has_uncounted;
} ep_shm_file;

typedef enum ep_ledger_opened {
    /** with what a server before this one has counted */
    EP_LEDGER_FOUND,
    /** empty */
    EP_LEDGER_NEW,
    /** as FOUND, but somebody else has the lock */
    EP_LEDGER_BUSY,
    /** it cannot be had */
    EP_LEDGER_MISSING
} ep_ledger_opened;

#define EP_LEDGER_WHY_SIZE 512

/**
 * Says what ep_shm_file_open() would find, and changes nothing.
 * @param why out: in an administrator's words, behind the file's name; empty if
 *        there is nothing to say
 */
ep_ledger_opened ep_shm_file_check(const char *path, apr_size_t size,
                                   char why[EP_LEDGER_WHY_SIZE]);

/**
 * Opens the file, or makes it; sets aside what cannot be used.  Waits for
 * nobody.
 * @param path outlives @a file
 * @param file filled in, but on MISSING
 * @param why as above
 */
ep_ledger_opened ep_shm_file_open(ep_shm_file *file, const char *path,
                                  apr_size_t size,
                                  char why[EP_LEDGER_WHY_SIZE]);

/**
 * Tries once more to get the lock.
 * @return 1: it was got, and children have been told
 */
int ep_shm_file_retry(ep_shm_file *file);

/** At a restart: children are told to mend the book.  Where none is left, they
 * get a new lock. */
void ep_shm_file_mend(ep_shm_file *file);

/** A child has started. */
void ep_shm_file_started(ep_shm_file *file, pid_t pid);

/** A child has ended: others are told to give back what it held. */
void ep_shm_file_ended(ep_shm_file *file, pid_t pid);

/** Gives up descriptor, lock and memory. */
void ep_shm_file_close(ep_shm_file *file);

#endif
