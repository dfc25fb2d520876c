// Package registry_test holds the registry package and the program itself to
// real registries: CNCF distribution 3, which pages and asks for a password;
// Debian's docker-registry, which gives every list whole and unsorted; and
// Gitea, which hands out Bearer tokens. What they have in common is one suite
// that all three pass; what is a server's own stands in a file of its name.
package registry_test
