package sshclient

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// HostKeyError is a host that isn't the one that known_hosts describes, or that it
// doesn't describe.
type HostKeyError struct {
	Address     string   // host:port
	Shown       string   // type and SHA-256 fingerprint of the key; empty if none was shown
	Known       []string // type, fingerprint and line of what known_hosts has for the host
	RevokedBy   int      // the line that revokes the key; 0: none
	Certificate error    // what is wrong with a certificate of a known authority
	Offered     []string // the algorithms that the host has, where none is of a known key
}

// Error gives the fingerprint that was shown and what to do about it.
func (e *HostKeyError) Error() string {
	const inBetween = "(hint: the host was set up anew, or somebody is in between: ask its operator before changing known_hosts)"
	switch {
	case e.RevokedBy > 0:
		return fmt.Sprintf("the key of %s is revoked by line %d of known_hosts: %s", e.Address, e.RevokedBy, e.Shown)
	case e.Certificate != nil:
		return fmt.Sprintf("the certificate of %s isn't valid: %v", e.Address, e.Certificate)
	case e.Shown == "":
		return fmt.Sprintf("%s has no host key of a type that known_hosts has for it; it offers %s %s", e.Address, strings.Join(e.Offered, ", "), inBetween)
	case len(e.Known) == 0:
		return fmt.Sprintf("known_hosts doesn't know %s; it shows the key %s (hint: compare the fingerprint with the one that the host's operator publishes, then add the host's line)", e.Address, e.Shown)
	}
	return fmt.Sprintf("%s isn't the host that known_hosts knows: it shows the key %s, known is %s %s", e.Address, e.Shown, strings.Join(e.Known, " and "), inBetween)
}

// Unwrap gives what is wrong with the certificate.
func (e *HostKeyError) Unwrap() error { return e.Certificate }

// AuthError is a host that doesn't let us in.
type AuthError struct {
	User    string
	Keys    []string // type and SHA-256 fingerprint of the keys that it was shown
	Problem error
}

// Error tells which keys the host didn't take.
func (e *AuthError) Error() string {
	if len(e.Keys) == 0 {
		return fmt.Sprintf("signing in as %q: %v", e.User, e.Problem)
	}
	return fmt.Sprintf("the host doesn't let %q in with the key %s (hint: is it among the user's or repository's keys?)", e.User, strings.Join(e.Keys, ", "))
}

// Unwrap gives the cause.
func (e *AuthError) Unwrap() error { return e.Problem }

// ExitError is a command that ended with something else than success.
type ExitError struct {
	Status int    // its exit status; 0 if a signal ended it
	Signal string // such as KILL
	Said   string // the beginning of its standard error, unfiltered
}

// Error gives the status; what the command said is for the caller to filter.
func (e *ExitError) Error() string {
	if e.Signal != "" {
		return "the remote command was ended by the signal " + e.Signal
	}
	return fmt.Sprintf("the remote command ended with status %d", e.Status)
}

func describeAll(signers []ssh.Signer) []string {
	var all []string
	for _, signer := range signers {
		key := signer.PublicKey()
		if certificate, ok := key.(*ssh.Certificate); ok {
			all = append(all, "(certified) "+describe(certificate.Key))
			continue
		}
		all = append(all, describe(key))
	}
	return all
}
