// Package releasenotes finds what a project tells about the versions between two images:
// the page of its source, a page that compares both, and the notes of its releases.
//
// An image names its source in its labels, and whoever built it can name anything. So only
// hosts that are known are ever asked, at the address of their API that is configured, for
// a path that is made anew from plain parts; a redirect to another host isn't followed. A
// token goes to its own host alone. All is bounded: requests for one image, bytes of an
// answer, time. What can't be found is left out: there is no error, since no update waits
// for words.
//
// The clients here are small and of their own, rather than a capability of the forges that
// Towline writes to: those speak for one repository each, with its credentials, while a
// source may be any project of any known host, mostly without a token. Three kinds of
// hosts have three GETs each.
package releasenotes
