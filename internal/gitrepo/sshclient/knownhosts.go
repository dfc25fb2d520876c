package sshclient

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the format of hashed names in known_hosts is HMAC-SHA1
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// KnownHosts says by which keys hosts are known, in the format of OpenSSH's
// known_hosts (sshd(8)): hashed names, patterns, ports, @cert-authority and @revoked.
type KnownHosts struct{ lines []knownLine }

type knownLine struct {
	number    int
	authority bool
	revoked   bool
	names     []string // as they stand: patterns, some negated, or one hashed name
	key       ssh.PublicKey
}

// ParseKnownHosts reads the content of a known_hosts file. A line that can't be read
// is an error, since it may be the one that revokes a key.
func ParseKnownHosts(content []byte) (*KnownHosts, error) {
	known := &KnownHosts{}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		marker, names, key, _, _, err := ssh.ParseKnownHosts(line)
		if err != nil {
			return nil, fmt.Errorf("line %d of known_hosts can't be read: %w", number, err)
		}
		if marker != "" && marker != "cert-authority" && marker != "revoked" {
			return nil, fmt.Errorf("line %d of known_hosts has the unknown marker @%s", number, marker)
		}
		known.lines = append(known.lines, knownLine{
			number: number, authority: marker == "cert-authority", revoked: marker == "revoked", names: names, key: key,
		})
	}
	if len(known.lines) == 0 {
		return nil, errors.New("known_hosts names no host (hint: `ssh-keyscan HOST` prints its lines; compare their fingerprints with those that the host's operator publishes)")
	}
	return known, nil
}

// find gives the lines for an address. As OpenSSH does, it falls back to those for
// the host's standard port where another port has none of its own.
func (k *KnownHosts) find(address string) []knownLine {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	host = strings.ToLower(host)
	if port != "22" {
		if found := k.named("[" + host + "]:" + port); len(found) > 0 {
			return found
		}
	}
	return k.named(host)
}

func (k *KnownHosts) named(name string) []knownLine {
	var found []knownLine
	for _, line := range k.lines {
		if !line.revoked && line.matches(name) {
			found = append(found, line)
		}
	}
	return found
}

// algorithms lists what the host may prove itself with, so that it shows a key of a
// type that is known of it, whichever types it has besides. An authority may have
// certified a key of any type. Where nothing is known all are asked for, and bare
// modern keys first: the fingerprint is for the message.
func (k *KnownHosts) algorithms(address string) []string {
	supported := ssh.SupportedAlgorithms().HostKeys
	found := k.find(address)
	if len(found) == 0 {
		slices.Reverse(supported)
		return supported
	}
	return slices.DeleteFunc(supported, func(algorithm string) bool {
		certificate := strings.Contains(algorithm, "-cert-v01@")
		for _, line := range found {
			if line.authority && certificate || !line.authority && slices.Contains(algorithmsOf(line.key.Type()), algorithm) {
				return false
			}
		}
		return true
	})
}

// algorithmsOf gives the signatures that a type of key makes: RSA's are named apart
// from the key (RFC 8332).
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// check decides on the key that a host shows.
func (k *KnownHosts) check(address string, remote net.Addr, key ssh.PublicKey) error {
	shown := []ssh.PublicKey{key}
	certificate, certified := key.(*ssh.Certificate)
	if certified {
		shown = []ssh.PublicKey{certificate.Key, certificate.SignatureKey}
	}
	for _, line := range k.lines {
		if line.revoked && slices.ContainsFunc(shown, func(key ssh.PublicKey) bool { return same(line.key, key) }) {
			return &HostKeyError{Address: address, Shown: describe(line.key), RevokedBy: line.number}
		}
	}
	found := k.find(address)
	if certified {
		checker := ssh.CertChecker{IsHostAuthority: func(authority ssh.PublicKey, _ string) bool {
			return slices.ContainsFunc(found, func(l knownLine) bool { return l.authority && same(l.key, authority) })
		}}
		if checker.IsHostAuthority(certificate.SignatureKey, address) {
			if err := checker.CheckHostKey(address, remote, key); err != nil {
				return &HostKeyError{Address: address, Shown: describe(certificate.Key), Certificate: err}
			}
			return nil
		}
		key = certificate.Key // of an authority that isn't known, so that the key counts alone
	}
	wrong := &HostKeyError{Address: address, Shown: describe(key)}
	for _, line := range found {
		if !line.authority && same(line.key, key) {
			return nil
		}
		wrong.Known = append(wrong.Known, fmt.Sprintf("%s in line %d", describe(line.key), line.number))
	}
	return wrong
}

func (l knownLine) matches(name string) bool {
	matched := false
	for _, pattern := range l.names {
		pattern, negated := strings.CutPrefix(strings.ToLower(pattern), "!")
		switch {
		case strings.HasPrefix(pattern, "|1|"):
			matched = matched || hashes(l.names[0], name)
		case !wildcard(pattern, name):
		case negated:
			return false
		default:
			matched = true
		}
	}
	return matched
}

// hashes tells whether |1|SALT|HASH stands for name.
func hashes(hashed, name string) bool {
	parts := strings.Split(hashed, "|")
	if len(parts) != 4 {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		return false
	}
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(name))
	return subtle.ConstantTimeCompare(mac.Sum(nil), want) == 1
}

// wildcard matches * and ?, without the backtracking of a nested pattern: each * only
// ever needs to be tried again from the last one.
func wildcard(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark, p = p, n, p+1
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func same(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

func describe(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }
