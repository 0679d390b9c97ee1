/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/expand.h"
#include "ledger/nofollow.h"
#include "ledger/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

/* Each test runs in a directory of its own. */
static char top[] = "/tmp/ep-walk-XXXXXX";

/* Root can read every file. */
static void setup(void)
{
    if (geteuid() == 0) {
        ck_assert_int_eq(setgroups(0, NULL), 0);
        ck_assert_int_eq(setgid(65534), 0);
        ck_assert_int_eq(setuid(65534), 0);
    }
    ep_nofollow_trust(geteuid());
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
}

static int remove_one(const char *path, const struct stat *found, int type,
                      struct FTW *ftw)
{
    (void)found;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_all(const char *path)
{
    ck_assert_int_eq(nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    remove_all(top);
}

static void make_dir(const char *path)
{
    ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void make_file(const char *path, int64_t bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, bytes), 0);
    close(fd);
}

static int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

static int never(void *data)
{
    (void)data;
    return 0;
}

static int at_once(void *data)
{
    ++*(int *)data;
    return 1;
}

static ep_walk walk;
static ep_walk_turns turns;

static ep_walk_result walk_all(const char *root)
{
    const int before = descriptors();
    ep_walk_result result;

    ep_walk_begin(&walk, &turns, root);
    result = ep_walk_go(&walk, never, NULL);
    if (result != EP_WALK_FAILED) {
        /* the place of a failure is asked for before it ends */
        ep_walk_end(&walk);
        ck_assert_int_eq(descriptors(), before);
    }
    return result;
}

static void failed_in(const char *place, int error)
{
    char said[256];

    ck_assert_int_eq(walk.error, error);
    ep_walk_place(&walk, said, sizeof(said));
    ck_assert_str_eq(said, place);
    ep_walk_end(&walk);
    ck_assert_int_eq(walk.depth, 0);
    ck_assert_ptr_null(turns.deep);
}

START_TEST(an_empty_tree_has_no_bytes)
{
    make_dir("tree");
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 0);
}
END_TEST

START_TEST(all_files_below_count_and_directories_do_not)
{
    make_dir("tree");
    make_dir("tree/a");
    make_dir("tree/a/b");
    make_dir("tree/.hidden");
    make_dir("tree/...");
    make_file("tree/1", 1);
    make_file("tree/a/10", 10);
    make_file("tree/a/b/100", 100);
    make_file("tree/a/b/none", 0);
    make_file("tree/.hidden/.1000", 1000);
    make_file("tree/.../10000", 10000);
    make_file("beside", 100000);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 11111);
}
END_TEST

START_TEST(each_name_of_a_file_counts)
{
    make_dir("tree");
    make_file("tree/file", 10);
    ck_assert_int_eq(link("tree/file", "tree/another"), 0);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 20);
}
END_TEST

START_TEST(links_lead_nowhere_but_to_the_root)
{
    make_dir("tree");
    make_dir("other");
    make_file("other/file", 1000);
    make_file("tree/file", 1);
    ck_assert_int_eq(symlink("../other", "tree/dir"), 0);
    ck_assert_int_eq(symlink("../other/file", "tree/link"), 0);
    ck_assert_int_eq(symlink(".", "tree/loop"), 0);
    ck_assert_int_eq(symlink("nowhere", "tree/dangling"), 0);
    ck_assert_int_eq(symlink("tree", "root"), 0);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 1);
    ck_assert_int_eq(walk_all("root"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 1);
}
END_TEST

START_TEST(what_is_no_file_does_not_count_and_holds_nobody_up)
{
    make_dir("tree");
    make_file("tree/file", 1);
    ck_assert_int_eq(mkfifo("tree/pipe", 0644), 0);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 1);
    ck_assert_int_eq(walk_all("tree/pipe"), EP_WALK_FAILED);
    failed_in("tree/pipe", ENOTDIR);
}
END_TEST

START_TEST(a_root_that_is_not_there_is_told_from_one_that_is_no_directory)
{
    make_file("file", 1);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_NONE);
    ck_assert_int_eq(walk_all("file"), EP_WALK_FAILED);
    failed_in("file", ENOTDIR);
    ck_assert_int_eq(walk_all("file/below"), EP_WALK_FAILED);
    failed_in("file/below", ENOTDIR);
}
END_TEST

START_TEST(a_directory_that_cannot_be_read_is_named)
{
    make_dir("tree");
    make_dir("tree/a");
    make_dir("tree/a/secret");
    make_file("tree/a/secret/file", 1);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(chmod("tree/a/secret", 0), 0);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_FAILED);
    failed_in("tree/a/secret", EACCES);
    /* its names can be read, and nothing else */
    ck_assert_int_eq(chmod("tree/a/secret", 0400), 0);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_FAILED);
    failed_in("tree/a/secret/file", EACCES);
    ck_assert_int_eq(chmod("tree", 0), 0);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_FAILED);
    failed_in("tree", EACCES);
    ck_assert_int_eq(chmod("tree", 0700), 0);
    ck_assert_int_eq(chmod("tree/a/secret", 0700), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_counts)
{
    make_dir("tree");
    make_file("tree/file", 7);
    ck_assert_int_eq(chmod("tree/file", 0), 0);
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 7);
}
END_TEST

START_TEST(large_files_add_up)
{
    char name[32];
    int i;

    make_dir("tree");
    make_file("tree/0", INT64_C(1) << 43);
    for (i = 1; i <= 10; i++) {
        snprintf(name, sizeof(name), "tree/%d", i);
        ck_assert_int_eq(link("tree/0", name), 0);
    }
    ck_assert_int_eq(walk_all("tree"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 11 * (INT64_C(1) << 43));
}
END_TEST

/* NAME/d/d/d, so many directories in all, with a file in the last one */
static void make_deep(const char *name, int depth)
{
    char *const here = getcwd(NULL, 0);
    int i;

    make_dir(name);
    ck_assert_int_eq(chdir(name), 0);
    for (i = 1; i < depth; i++) {
        make_dir("d");
        ck_assert_int_eq(chdir("d"), 0);
    }
    make_file("file", 5);
    ck_assert_int_eq(chdir(here), 0);
    free(here);
}

START_TEST(depth_has_an_end)
{
    char place[1024];

    make_deep("deep", EP_WALK_DEPTH);
    make_deep("deeper", EP_WALK_DEPTH + 1);
    ck_assert_int_eq(walk_all("deep"), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, 5);
    ck_assert_int_eq(walk_all("deeper"), EP_WALK_FAILED);
    ck_assert_int_eq(walk.error, ELOOP);
    ep_walk_place(&walk, place, 20);
    ck_assert_str_eq(place, "deeper/d/d/d/d/d/d/");
    ep_walk_place(&walk, place, sizeof(place));
    ck_assert_uint_eq(strlen(place),
                      strlen("deeper") + 2 * (size_t)EP_WALK_DEPTH);
    ep_walk_end(&walk);
    ck_assert_ptr_null(turns.deep);
}
END_TEST

START_TEST(a_walk_goes_on_where_it_was)
{
    char name[32];
    int calls = 0, asked = 0;
    int i;

    make_dir("tree");
    make_dir("tree/sub");
    for (i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "tree/%s%d", i % 2 ? "sub/" : "", i);
        make_file(name, 3);
    }
    ep_walk_begin(&walk, &turns, "tree");
    while (ep_walk_go(&walk, at_once, &asked) == EP_WALK_MORE) {
        calls++;
        ck_assert_int_eq(calls, asked);
        ck_assert_int_eq(fcntl(dirfd(walk.level[0].dir), F_GETFD),
                         FD_CLOEXEC);
    }
    ck_assert_int_eq(walk.bytes, 3000);
    ck_assert_int_ge(calls, 1000 / 32 - 1);
    ck_assert_int_eq(walk.depth, 0);
}
END_TEST

START_TEST(a_walk_can_be_given_up)
{
    const int before = descriptors();
    int asked = 0;

    make_deep("tree", 40);
    ep_walk_begin(&walk, &turns, "tree");
    ck_assert_int_eq(ep_walk_go(&walk, at_once, &asked), EP_WALK_MORE);
    ck_assert_int_gt(descriptors(), before);
    ep_walk_end(&walk);
    ep_walk_end(&walk);
    ck_assert_int_eq(descriptors(), before);
    ck_assert_ptr_null(turns.deep);
}
END_TEST

/* So many that the walk stops among them, and not more than are read ahead. */
static void make_children(int are_files)
{
    char name[32];
    int i;

    make_dir("tree");
    for (i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "tree/%d", i);
        if (are_files) {
            make_file(name, 1);
        }
        else {
            make_dir(name);
        }
    }
}

START_TEST(what_vanishes_meanwhile_is_no_error)
{
    int asked = 0;

    make_children(_i);
    ep_walk_begin(&walk, &turns, "tree");
    ck_assert_int_eq(ep_walk_go(&walk, at_once, &asked), EP_WALK_MORE);
    remove_all("tree");
    ck_assert_int_eq(ep_walk_go(&walk, never, NULL), EP_WALK_DONE);
    ck_assert_int_lt(walk.bytes, 40);
}
END_TEST

START_TEST(what_becomes_a_link_meanwhile_is_not_followed)
{
    char name[32];
    int asked = 0;
    int i;

    make_dir("other");
    make_file("other/file", 1000);
    make_children(_i);
    ep_walk_begin(&walk, &turns, "tree");
    ck_assert_int_eq(ep_walk_go(&walk, at_once, &asked), EP_WALK_MORE);
    for (i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "tree/%d", i);
        ck_assert_int_eq(remove(name), 0);
        ck_assert_int_eq(symlink(_i ? "../other/file" : "../other", name), 0);
    }
    ck_assert_int_eq(ep_walk_go(&walk, never, NULL), EP_WALK_DONE);
    ck_assert_int_lt(walk.bytes, 40);
}
END_TEST

START_TEST(one_walk_at_a_time_is_beyond_the_shallow)
{
    enum { walks = 3 };
    static ep_walk many[walks];
    static const char *const roots[walks] = { "a", "b", "c" };
    const int before = descriptors();
    int is_done[walks] = { 0 };
    int asked = 0, left = walks, most = 0;
    int i;

    for (i = 0; i < walks; i++) {
        make_deep(roots[i], 100);
        ep_walk_begin(&many[i], &turns, roots[i]);
    }
    for (i = 0; left > 0; i = (i + 1) % walks) {
        int now;

        if (is_done[i]) {
            continue;
        }
        if (ep_walk_go(&many[i], at_once, &asked) == EP_WALK_DONE) {
            ck_assert_int_eq(many[i].bytes, 5);
            is_done[i] = 1;
            left--;
        }
        now = descriptors() - before;
        most = now > most ? now : most;
    }
    ck_assert_int_gt(most, EP_WALK_SHALLOW);
    ck_assert_int_le(most, 100 + (walks - 1) * EP_WALK_SHALLOW);
    ck_assert_int_eq(descriptors(), before);
    ck_assert_ptr_null(turns.deep);
}
END_TEST

/* The administrator is another user here, so our files are those of an owner. */
static void refuses(const char *root, const char *link)
{
    const int before = descriptors();

    ck_assert_int_eq(walk_all(root), EP_WALK_FAILED);
    ck_assert_int_eq(walk.error, ELOOP);
    ck_assert_str_eq(walk.link, link);
    ck_assert_int_eq(walk.bytes, 0);
    ep_walk_end(&walk);
    ck_assert_int_eq(descriptors(), before);
}

/* mine/site, with 1 byte, and other/site, with 1000 */
static void make_two_sites(void)
{
    make_dir("mine");
    make_dir("mine/site");
    make_file("mine/site/file", 1);
    make_dir("other");
    make_dir("other/site");
    make_file("other/site/file", 1000);
}

static void measures(const char *root, int64_t bytes)
{
    ck_assert_int_eq(walk_all(root), EP_WALK_DONE);
    ck_assert_int_eq(walk.bytes, bytes);
    ck_assert_str_eq(walk.link, "");
}

/* The links on the path of each row, and the link that is not followed. */
static const struct {
    const char *target, *link, *root, *refused;
} strangers[] = {
    { "../other/site", "mine/link", "mine/link", "./mine/link" },
    { "../other/site", "mine/link", "mine/link/", "./mine/link" },
    { "../other/site", "mine/link", "mine//./link/.", "./mine/./link" },
    { "../other", "mine/link", "mine/link/site", "./mine/link" },
    { "other", "link", "link/site", "./link" },
    { "../../other/site", "mine/site/link", "mine/site/link",
      "./mine/site/link" },
    { "../other/site", "mine/link", "other/../mine/link",
      "./other/../mine/link" },
    { "/", "mine/link", "mine/link/proc/self/fd", "./mine/link" },
    { "/proc/self/root", "mine/link", "mine/link", "./mine/link" },
    { "/proc/self/cwd", "mine/link", "mine/link", "./mine/link" },
    { "link", "mine/link", "mine/link", "./mine/link" },
    { "nowhere", "mine/link", "mine/link", "./mine/link" },
    { "site/file", "mine/link", "mine/link", "./mine/link" },
    /* one's own tree is no exception: nobody can tell */
    { "site", "mine/link", "mine/link", "./mine/link" }
};

START_TEST(a_link_of_somebody_else_is_not_followed)
{
    make_two_sites();
    ep_nofollow_trust(0);
    ck_assert_int_eq(symlink(strangers[_i].target, strangers[_i].link), 0);
    refuses(strangers[_i].root, strangers[_i].refused);
    /* a directory in its place is measured */
    measures("mine/site", 1);
}
END_TEST

/* The same row by row, of the administrator; -1: an error */
static const struct {
    const char *target, *root;
    int64_t bytes;
} administrators[] = {
    { "../other/site", "mine/link", 1000 },
    { "../other/site", "mine//./link/.", 1000 },
    { "../other", "mine/link/site", 1000 },
    { "..", "mine/link/other/site", 1000 },
    { "site/../../other/./site//", "mine/link", 1000 },
    { "/proc/self/cwd/other", "mine/link/site", 1000 },
    { "site", "mine/link", 1 },
    { "link", "mine/link", -1 },
    { "site/file", "mine/link", -1 }
};

START_TEST(a_link_of_the_administrators_is_followed)
{
    make_two_sites();
    ck_assert_int_eq(symlink(administrators[_i].target, "mine/link"), 0);
    if (administrators[_i].bytes >= 0) {
        measures(administrators[_i].root, administrators[_i].bytes);
    }
    else {
        ck_assert_int_eq(walk_all(administrators[_i].root), EP_WALK_FAILED);
        ep_walk_end(&walk);
    }
}
END_TEST

START_TEST(a_link_that_others_may_have_moved_is_not_followed)
{
    static const mode_t writable[] = { 0775, 0757, 01777, 0722 };
    size_t i;

    make_two_sites();
    ck_assert_int_eq(symlink("../other/site", "mine/link"), 0);
    for (i = 0; i < sizeof(writable) / sizeof(writable[0]); i++) {
        ck_assert_int_eq(chmod("mine", writable[i]), 0);
        refuses("mine/link", "./mine/link");
        /* what is no link may lie there */
        measures("mine/site", 1);
        ck_assert_int_eq(chmod("mine", 0755), 0);
        measures("mine/link", 1000);
    }
}
END_TEST

START_TEST(roots_own_links_are_followed)
{
    char link[64];
    int fd;

    ep_nofollow_trust(0);
    fd = ep_nofollow_open("/proc/self/fd", link, sizeof(link));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_str_eq(link, "");
    close(fd);
}
END_TEST

START_TEST(links_have_an_end)
{
    char from[32], to[32];
    int i;

    make_two_sites();
    for (i = 1; i <= EP_NOFOLLOW_LINKS + 1; i++) {
        snprintf(from, sizeof(from), i > 1 ? "link%d" : "mine/site", i - 1);
        snprintf(to, sizeof(to), "link%d", i);
        ck_assert_int_eq(symlink(from, to), 0);
    }
    snprintf(to, sizeof(to), "link%d", EP_NOFOLLOW_LINKS);
    measures(to, 1);
    snprintf(to, sizeof(to), "link%d", EP_NOFOLLOW_LINKS + 1);
    refuses(to, "./link1");
}
END_TEST

/* @return what begins so, and goes on with "./" up to a length */
static char *filled(const char *start, size_t length)
{
    char *path = malloc(length + 1);
    size_t i = strlen(start);

    ck_assert_ptr_nonnull(path);
    ck_assert_uint_eq((length - i) % 2, 0);
    memcpy(path, start, i);
    for (; i < length; i += 2) {
        memcpy(path + i, "./", 2);
    }
    path[length] = '\0';
    return path;
}

static void measures_filled(const char *start, size_t length, int64_t bytes)
{
    char *path = filled(start, length);

    if (bytes >= 0) {
        measures(path, bytes);
    }
    else {
        ck_assert_int_eq(walk_all(path), EP_WALK_FAILED);
        ck_assert_int_eq(walk.error, ENAMETOOLONG);
        ep_walk_end(&walk);
    }
    free(path);
}

START_TEST(the_way_has_an_end)
{
    const size_t half = EP_NOFOLLOW_SIZE / 2;
    char *text = filled("site", half);

    make_two_sites();
    measures_filled("", 2 * half - 2, 1001);
    measures_filled("", 2 * half, -1);
    /* half of it in a link, and as much behind that */
    text[4] = '/';
    text[5] = '/';
    ck_assert_int_eq(symlink(text, "mine/link"), 0);
    free(text);
    measures_filled("mine/link/", strlen("mine/link/") + half - 2, 1);
    measures_filled("mine/link/", strlen("mine/link/") + half, -1);
}
END_TEST

START_TEST(a_long_way_to_a_link_is_cut)
{
    char link[8];

    make_two_sites();
    ck_assert_int_eq(symlink("site", "mine/link"), 0);
    ep_nofollow_trust(0);
    ck_assert_int_eq(ep_nofollow_open("mine/link", link, sizeof(link)), -1);
    ck_assert_int_eq(errno, ELOOP);
    ck_assert_str_eq(link, "./mine/");
}
END_TEST

START_TEST(what_lies_in_the_way_is_not_opened)
{
    make_two_sites();
    ck_assert_int_eq(mkfifo("mine/pipe", 0644), 0);
    ck_assert_int_eq(walk_all("mine/pipe/below"), EP_WALK_FAILED);
    failed_in("mine/pipe/below", ENOTDIR);
    ck_assert_int_eq(walk_all("/dev/null"), EP_WALK_FAILED);
    failed_in("/dev/null", ENOTDIR);
    ck_assert_int_eq(chmod("mine", 0600), 0);
    ck_assert_int_eq(walk_all("mine/site"), EP_WALK_FAILED);
    failed_in("mine/site", EACCES);
    ck_assert_int_eq(chmod("mine", 0100), 0);
    measures("mine/site", 1);
    ck_assert_int_eq(chmod("mine", 0700), 0);
}
END_TEST

/* Puts a link in place of a directory and back, until it is ended. */
static void swap_for_ever(void)
{
    for (;;) {
        syscall(SYS_renameat2, AT_FDCWD, "mine/site", AT_FDCWD, "mine/link",
                2 /* RENAME_EXCHANGE */);
    }
}

START_TEST(a_directory_that_is_swapped_for_a_link_is_measured_or_refused)
{
    int measured = 0, refused = 0, rounds;
    pid_t child;

    make_two_sites();
    ck_assert_int_eq(symlink("../other/site", "mine/link"), 0);
    ep_nofollow_trust(0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        swap_for_ever();
    }
    for (rounds = 0; rounds < 200000
                     && (rounds < 2000 || measured == 0 || refused == 0);
         rounds++) {
        ep_walk_begin(&walk, &turns, "mine/site");
        if (ep_walk_go(&walk, never, NULL) == EP_WALK_DONE) {
            ck_assert_int_eq(walk.bytes, 1);
            measured++;
        }
        else {
            ck_assert_str_eq(walk.link, "./mine/site");
            refused++;
        }
        ep_walk_end(&walk);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_gt(measured, 0);
    ck_assert_int_gt(refused, 0);
}
END_TEST

/* -------------------------------------------------------------- wildcards */

/* @return what a pattern below the test's directory stands for, each with a blank
 * before it, by name */
static const char *expand_within(const char *pattern, uint32_t entries)
{
    static char all[4096];
    const size_t lead = strlen(top);
    char path[1100];
    char found[32][64];
    size_t count = 0, i, j;
    ep_expand expand;

    snprintf(path, sizeof(path), "%s/%s", top, pattern);
    ep_expand_begin(&expand, path, entries);
    while (ep_expand_go(&expand, never, NULL) == EP_EXPAND_FOUND) {
        ck_assert_uint_lt(count, 32);
        ck_assert_int_eq(strncmp(expand.path, top, lead), 0);
        snprintf(found[count++], 64, " %.60s", expand.path + lead + 1);
    }
    ep_expand_end(&expand);
    all[0] = '\0';
    for (i = 0; i < count; i++) {
        for (j = i + 1; j < count; j++) {
            if (strcmp(found[j], found[i]) < 0) {
                char other[64];

                memcpy(other, found[i], 64);
                memcpy(found[i], found[j], 64);
                memcpy(found[j], other, 64);
            }
        }
        strcat(all, found[i]);
    }
    return all;
}

static const char *expand_all(const char *pattern)
{
    return expand_within(pattern, 100000);
}

START_TEST(a_wildcard_stands_for_directories)
{
    const int before = descriptors();

    make_dir("home");
    make_dir("home/ann");
    make_dir("home/ann/www");
    make_dir("home/ann/www2");
    make_dir("home/bob");
    make_dir("home/bob/www");
    make_dir("home/.cid");
    make_dir("home/.cid/www");
    make_dir("home/dan");
    make_file("home/dan/www", 1);
    make_file("home/eve", 1);
    ck_assert_str_eq(expand_all("home/*/www"),
                     " home/.cid/www home/ann/www home/bob/www");
    ck_assert_str_eq(expand_all("home/*"),
                     " home/.cid home/ann home/bob home/dan");
    ck_assert_str_eq(expand_all("home/*/*"),
                     " home/.cid/www home/ann/www home/ann/www2 home/bob/www");
    ck_assert_str_eq(expand_all("home/[ab]*/www?"), " home/ann/www2");
    ck_assert_str_eq(expand_all("*/bob"), " home/bob");
    /* none matches a slash */
    ck_assert_str_eq(expand_all("home?ann/*"), "");
    ck_assert_str_eq(expand_all("home*/www"), "");
    ck_assert_str_eq(expand_all("home/*/none"), "");
    ck_assert_str_eq(expand_all("none/*"), "");
    ck_assert_int_eq(descriptors(), before);
}
END_TEST

START_TEST(a_wildcard_follows_no_link_of_an_owner)
{
    make_dir("foreign");
    make_dir("foreign/www");
    make_dir("home");
    make_dir("home/own");
    make_dir("home/evil");
    make_dir("home/evil/in");
    ck_assert_int_eq(symlink("../foreign", "home/trusted"), 0);
    ck_assert_int_eq(symlink("..", "home/own/up"), 0);
    /* where others may write */
    ck_assert_int_eq(symlink("../../foreign/www", "home/evil/www"), 0);
    ck_assert_int_eq(symlink("../..", "home/evil/up"), 0);
    ck_assert_int_eq(chmod("home/evil", 0777), 0);
    ck_assert_int_eq(chmod("home", 0755), 0);
    ck_assert_int_eq(chmod("home/own", 0755), 0);
    ck_assert_str_eq(expand_all("home/*/www"), " home/trusted/www");
    ck_assert_str_eq(expand_all("home/evil/*"), " home/evil/in");
    ck_assert_str_eq(expand_all("home/evil/*/home"), "");
    ck_assert_str_eq(expand_all("home/own/*/evil"), " home/own/up/evil");
}
END_TEST

START_TEST(what_is_looked_at_for_a_wildcard_has_an_end)
{
    char name[40];
    int i;

    make_dir("home");
    make_dir("home/many");
    for (i = 0; i < EP_EXPAND_BELOW + 50; i++) {
        snprintf(name, sizeof(name), "home/many/%d", i);
        make_file(name, 0);
    }
    for (i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "home/%d", i);
        make_dir(name);
        snprintf(name, sizeof(name), "home/%d/www", i);
        make_dir(name);
    }
    /* one owner's files keep no other one's from being found */
    ck_assert_str_eq(expand_all("home/*/w*"),
                     " home/0/www home/1/www home/2/www home/3/www home/4/www"
                     " home/5/www home/6/www home/7/www home/8/www");
    ck_assert_str_eq(expand_within("home/*/w*", 0), "");
    ck_assert_uint_lt(strlen(expand_within("home/*/w*", 40)), 9 * 11);
    ck_assert_str_eq(expand_all("*/*/*/*/*/*/*/*/*"), "");
}
END_TEST

START_TEST(a_search_goes_on_where_it_was_and_can_be_given_up)
{
    const int before = descriptors();
    ep_expand_result result;
    ep_expand expand;
    char name[1100];
    int i, asked = 0, found = 0, steps = 0;

    make_dir("home");
    for (i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "home/%d", i);
        make_dir(name);
        if (i % 50 == 0) {
            snprintf(name, sizeof(name), "home/%d/www", i);
            make_dir(name);
        }
    }
    snprintf(name, sizeof(name), "%s/home/*/www", top);
    ep_expand_begin(&expand, name, 100000);
    do {
        result = ep_expand_go(&expand, at_once, &asked);
        found += result == EP_EXPAND_FOUND;
        steps += result == EP_EXPAND_MORE;
    } while (result != EP_EXPAND_DONE);
    ck_assert_int_eq(found, 4);
    ck_assert_int_gt(steps, 3);
    ep_expand_end(&expand);
    ep_expand_begin(&expand, name, 100000);
    ck_assert_int_ne(ep_expand_go(&expand, at_once, &asked), EP_EXPAND_DONE);
    ck_assert_int_eq(descriptors(), before + 1);
    ep_expand_end(&expand);
    ep_expand_end(&expand);
    ck_assert_int_eq(descriptors(), before);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_not_found)
{
    const size_t lead = strlen(top);
    ep_expand expand;
    char name[1200];
    size_t length;

    make_dir("home");
    memset(name, 'x', 200);
    name[200] = '\0';
    ck_assert_int_eq(chdir("home"), 0);
    for (length = lead + 5; length + 201 < EP_EXPAND_PATH + 200;
         length += 201) {
        make_dir(name);
        ck_assert_int_eq(chdir(name), 0);
    }
    ck_assert_int_eq(chdir(top), 0);
    snprintf(name, sizeof(name), "%s/home/*/*/*/*/*", top);
    ep_expand_begin(&expand, name, 100000);
    ck_assert_int_eq(ep_expand_go(&expand, never, NULL), EP_EXPAND_DONE);
    ep_expand_end(&expand);
    snprintf(name, sizeof(name), "%s/home/*/*/*/*", top);
    ep_expand_begin(&expand, name, 100000);
    ck_assert_int_eq(ep_expand_go(&expand, never, NULL), EP_EXPAND_FOUND);
    ep_expand_end(&expand);
}
END_TEST

START_TEST(what_is_renamed_while_it_is_looked_for_is_no_error)
{
    char name[1100], other[1100], pattern[1100];
    const int before = descriptors();
    pid_t child;
    int i, rounds;

    make_dir("home");
    make_dir("away");
    for (i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "home/%d", i);
        make_dir(name);
        snprintf(name, sizeof(name), "home/%d/www", i);
        make_dir(name);
    }
    snprintf(pattern, sizeof(pattern), "%s/home/*/www", top);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        for (i = 0;; i = (i + 1) % 50) {
            snprintf(name, sizeof(name), "home/%d", i);
            snprintf(other, sizeof(other), "away/%d", i);
            rename(name, other);
            rename(other, name);
        }
    }
    for (rounds = 0; rounds < 50; rounds++) {
        ep_expand expand;
        int found = 0;

        ep_expand_begin(&expand, pattern, 100000);
        while (ep_expand_go(&expand, never, NULL) == EP_EXPAND_FOUND) {
            found++;
        }
        ep_expand_end(&expand);
        ck_assert_int_gt(found, 0);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(descriptors(), before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("walk");
    TCase *tcase = tcase_create("walk");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    /* seconds: a thousand files on a busy machine */
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_empty_tree_has_no_bytes);
    tcase_add_test(tcase, all_files_below_count_and_directories_do_not);
    tcase_add_test(tcase, each_name_of_a_file_counts);
    tcase_add_test(tcase, links_lead_nowhere_but_to_the_root);
    tcase_add_test(tcase, what_is_no_file_does_not_count_and_holds_nobody_up);
    tcase_add_test(tcase,
                   a_root_that_is_not_there_is_told_from_one_that_is_no_directory);
    tcase_add_test(tcase, a_directory_that_cannot_be_read_is_named);
    tcase_add_test(tcase, a_file_that_cannot_be_read_counts);
    tcase_add_test(tcase, large_files_add_up);
    tcase_add_test(tcase, depth_has_an_end);
    tcase_add_test(tcase, a_walk_goes_on_where_it_was);
    tcase_add_test(tcase, a_walk_can_be_given_up);
    tcase_add_loop_test(tcase, what_vanishes_meanwhile_is_no_error, 0, 2);
    tcase_add_loop_test(tcase, what_becomes_a_link_meanwhile_is_not_followed,
                        0, 2);
    tcase_add_test(tcase, one_walk_at_a_time_is_beyond_the_shallow);
    tcase_add_loop_test(tcase, a_link_of_somebody_else_is_not_followed, 0,
                        sizeof(strangers) / sizeof(strangers[0]));
    tcase_add_loop_test(tcase, a_link_of_the_administrators_is_followed, 0,
                        sizeof(administrators) / sizeof(administrators[0]));
    tcase_add_test(tcase, a_link_that_others_may_have_moved_is_not_followed);
    tcase_add_test(tcase, roots_own_links_are_followed);
    tcase_add_test(tcase, links_have_an_end);
    tcase_add_test(tcase, the_way_has_an_end);
    tcase_add_test(tcase, a_long_way_to_a_link_is_cut);
    tcase_add_test(tcase, what_lies_in_the_way_is_not_opened);
    tcase_add_test(tcase,
                   a_directory_that_is_swapped_for_a_link_is_measured_or_refused);
    tcase_add_test(tcase, a_wildcard_stands_for_directories);
    tcase_add_test(tcase, a_wildcard_follows_no_link_of_an_owner);
    tcase_add_test(tcase, what_is_looked_at_for_a_wildcard_has_an_end);
    tcase_add_test(tcase, a_search_goes_on_where_it_was_and_can_be_given_up);
    tcase_add_test(tcase, a_path_that_is_too_long_is_not_found);
    tcase_add_test(tcase,
                   what_is_renamed_while_it_is_looked_for_is_no_error);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
