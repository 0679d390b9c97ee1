/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Runs a fuzz target on files, and on the files of directories, without libFuzzer:
 * `replay PATH ...`.  A path without files is a failure: a check without input must
 * not pass.
 */

#include "fuzz.h"

#include <string.h>

#include <dirent.h>
#include <sys/stat.h>

/* Far larger than any file of a corpus. */
#define FILE_MAX (1 << 20)

static void complain(const char *path, const char *what)
{
    fprintf(stderr, "replay: %s: %s\n", path, what);
    exit(EXIT_FAILURE);
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(FILE_MAX);
    uint8_t *exact;
    size_t size;

    if (file == NULL || data == NULL) {
        complain(path, "cannot be read");
    }
    size = fread(data, 1, FILE_MAX, file);
    if (ferror(file) || size == FILE_MAX) {
        complain(path, "cannot be read, or is too large");
    }
    fclose(file);
    /* of the exact size, so that a sanitizer finds a read past its end */
    exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) {
        complain(path, "no memory");
    }
    memcpy(exact, data, size);
    free(data);
    /* a broken promise aborts: print the name of the file before */
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static unsigned int replay(const char *path);

static unsigned int replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    unsigned int files = 0;

    if (directory == NULL) {
        complain(path, "cannot be opened");
    }
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            const size_t size = strlen(path) + 1 + strlen(entry->d_name) + 1;
            char *inner = malloc(size);

            if (inner == NULL) {
                complain(path, "no memory");
            }
            snprintf(inner, size, "%s/%s", path, entry->d_name);
            files += replay(inner);
            free(inner);
        }
    }
    closedir(directory);
    return files;
}

static unsigned int replay(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        complain(path, "is not there");
    }
    if (S_ISDIR(status.st_mode)) {
        return replay_directory(path);
    }
    replay_file(path);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned int all = 0;
    int i;

    if (argc < 2) {
        complain("usage", "replay FILE-OR-DIRECTORY ...");
    }
    for (i = 1; i < argc; i++) {
        const unsigned int files = replay(argv[i]);

        if (files == 0) {
            complain(argv[i], "no file in it");
        }
        all += files;
    }
    printf("%s: %u inputs, no broken promise\n", argv[0], all);
    return EXIT_SUCCESS;
}
