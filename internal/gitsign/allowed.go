package gitsign

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// allowedKey is an SSH key whose signatures count, for a time perhaps.
type allowedKey struct {
	key           ssh.PublicKey
	namespaces    []string // patterns; none for any
	after, before time.Time
}

// parseAllowed reads lines of authorized_keys, [OPTIONS] TYPE KEY [COMMENT], and of
// allowed_signers, PRINCIPALS [OPTIONS] TYPE KEY [COMMENT] (ssh-keygen(1)). Principals say
// who somebody is and not whether they may, so none is looked at.
func parseAllowed(data []byte) ([]allowedKey, error) {
	var keys []allowedKey
	for n, line := range bytes.Split(data, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseLine(line []byte) (allowedKey, error) {
	var given []string
	// Principals stand where a key's type or options with values would.
	if first, rest, _ := bytes.Cut(line, []byte(" ")); !isType(first) && !bytes.ContainsAny(first, "=\"") {
		line = bytes.TrimSpace(rest)
		if string(first) == "cert-authority" {
			given = append(given, string(first))
		}
	}
	public, _, options, _, err := ssh.ParseAuthorizedKey(line)
	if err != nil {
		return allowedKey{}, errors.New("it isn't a public key of SSH (hint: TYPE KEY COMMENT, as in a .pub file)")
	}
	if err := checkPublic(public); err != nil {
		return allowedKey{}, err
	}
	key := allowedKey{key: public}
	for _, option := range append(given, options...) {
		if err := key.option(option); err != nil {
			return allowedKey{}, err
		}
	}
	return key, nil
}

func isType(field []byte) bool {
	return bytes.HasPrefix(field, []byte("ssh-")) || bytes.HasPrefix(field, []byte("ecdsa-")) || bytes.HasPrefix(field, []byte("sk-"))
}

// option takes in one option. An unknown one would be a limit that isn't held.
func (k *allowedKey) option(text string) error {
	name, value, _ := strings.Cut(text, "=")
	value = strings.Trim(value, `"`)
	var err error
	switch strings.ToLower(name) {
	case "namespaces":
		k.namespaces = strings.Split(value, ",")
	case "valid-after":
		k.after, err = parseTime(value)
	case "valid-before", "expiry-time":
		k.before, err = parseTime(value)
	case "cert-authority":
		err = errors.New("certificates aren't supported (hint: list the keys themselves)")
	default:
		err = fmt.Errorf("the option %q says nothing of signatures (hint: namespaces, valid-after, valid-before)", name)
	}
	return err
}

// parseTime reads YYYYMMDD[HHMM[SS]][Z]. OpenSSH takes what has no Z for the system's own
// zone, which a Pod doesn't share with whoever wrote it: here everything is UTC.
func parseTime(text string) (time.Time, error) {
	digits := strings.TrimSuffix(text, "Z")
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			return time.Parse(layout, digits)
		}
	}
	return time.Time{}, fmt.Errorf("%q isn't a time (hint: YYYYMMDD or YYYYMMDDHHMMZ)", text)
}

// checkPublic refuses keys that can be forged, and those that aren't keys.
func checkPublic(key ssh.PublicKey) error {
	kinds := []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSA,
		ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
	}
	if !slices.Contains(kinds, key.Type()) {
		return fmt.Errorf("a key of the type %s doesn't count (hint: use ed25519, ecdsa or rsa)", key.Type())
	}
	if holder, ok := key.(ssh.CryptoPublicKey); ok {
		if public, ok := holder.CryptoPublicKey().(*rsa.PublicKey); ok && public.N.BitLen() < minRSABits {
			return fmt.Errorf("an RSA key of %d bits doesn't count (hint: %d at least)", public.N.BitLen(), minRSABits)
		}
	}
	return nil
}

// verifySSH checks an SSHSIG signature.
func (v *Verifier) verifySSH(payload, armored []byte) (string, error) {
	signature, err := sshsig.Unarmor(armored)
	if err != nil {
		return "", &VerifyError{Kind: ErrBad, Detail: err.Error()}
	}
	by := ssh.FingerprintSHA256(signature.PublicKey)
	fail := func(kind error, detail string) (string, error) {
		return "", &VerifyError{Fingerprint: by, Kind: kind, Detail: detail}
	}
	if signature.Namespace != sshNamespace {
		return fail(ErrPurpose, fmt.Sprintf("the signature is for %q", signature.Namespace))
	}
	if signature.Signature.Format == ssh.KeyAlgoRSA { // RSA with SHA-1
		return fail(ErrWeak, signature.Signature.Format)
	}
	var refused error = &VerifyError{Fingerprint: by, Kind: ErrUnknownKey}
	for _, k := range v.ssh {
		if !bytes.Equal(k.key.Marshal(), signature.PublicKey.Marshal()) {
			continue
		}
		if err := sshsig.Verify(bytes.NewReader(payload), signature, k.key, signature.HashAlgorithm, sshNamespace); err != nil {
			return fail(ErrBad, "")
		}
		if refused = k.admit(by, v.now()); refused == nil {
			return by, nil
		}
	}
	return "", refused
}

// listed tells whether a name is in a list of patterns, as OpenSSH has it: one that is
// denied, by a pattern with a ! before it, isn't, whatever the others say (ssh_config(5)).
func listed(patterns []string, name string) bool {
	found := false
	for _, pattern := range patterns {
		pattern, denied := strings.CutPrefix(strings.TrimSpace(pattern), "!")
		ok, err := path.Match(pattern, name)
		if denied && (ok || err != nil) {
			return false
		}
		found = found || ok
	}
	return found
}

// admit tells what keeps a key from counting now. One key may stand in several lines.
func (k allowedKey) admit(by string, now time.Time) error {
	switch {
	case len(k.namespaces) > 0 && !listed(k.namespaces, sshNamespace):
		return &VerifyError{by, ErrPurpose, fmt.Sprintf("the key counts for %q alone", strings.Join(k.namespaces, ","))}
	case !k.after.IsZero() && now.Before(k.after):
		return &VerifyError{by, ErrExpired, "it counts from " + k.after.Format(time.DateTime) + " UTC on"}
	case !k.before.IsZero() && !now.Before(k.before):
		return &VerifyError{by, ErrExpired, "it counted until " + k.before.Format(time.DateTime) + " UTC"}
	}
	return nil
}
