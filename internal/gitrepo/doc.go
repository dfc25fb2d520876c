// Package gitrepo is the one dialect of Git that Towline speaks. It keeps a bare
// mirror of a remote repository on disk, follows branches, tags, ranges of versions and
// commits in it, tells how commits descend from each other, reads commits as an
// [io/fs.FS], builds new commits from blobs and trees, and pushes them with a lease.
//
// There is no work tree anywhere: the work of a round is proportional to what
// changed and not to the size of the repository.
//
// What it refuses: URLs with credentials in them, redirects to another origin,
// paths that leave the repository (symbolic links included), writes through
// symbolic links and submodules, and any push that isn't bound to the head that
// the caller has seen, SSH hosts that known_hosts doesn't describe, and anything at
// what a repository points to: submodules and Git LFS files stay the entries that they
// are. It runs no hooks, no filters and, but for file URLs, no programs.
package gitrepo
