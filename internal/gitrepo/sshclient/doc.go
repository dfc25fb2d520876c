// Package sshclient runs Git's commands on a host over SSH. It trusts a host by
// known_hosts alone and has no way to trust one unseen; it signs in by a key, a
// certificate or an agent and never by a password; it uses only the algorithms that
// golang.org/x/crypto/ssh holds for secure, reads no ~/.ssh, and forwards nothing.
package sshclient
