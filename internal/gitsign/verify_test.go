package gitsign_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitsign"
	"github.com/towline-dev/towline/internal/gitsign/gitsigntest"
)

// public reads the public half of a key that gitsigntest made.
func public(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keygen signs with the real ssh-keygen.
func keygen(t *testing.T, file, namespace string, args ...string) []byte {
	t.Helper()
	args = append([]string{"-Y", "sign", "-q", "-f", file, "-n", namespace}, args...)
	cmd := exec.CommandContext(t.Context(), "ssh-keygen", args...)
	cmd.Stdin = strings.NewReader(payload)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func verifier(t *testing.T, now time.Time, files ...string) *gitsign.Verifier {
	t.Helper()
	named := map[string][]byte{}
	for i, text := range files {
		named[string(rune('a'+i))] = []byte(text)
	}
	v, err := gitsign.NewVerifier(named, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifySSH(t *testing.T) {
	now := time.Now()
	file := gitsigntest.SSHKey(t, "", "ed25519")
	rsa := gitsigntest.SSHKey(t, "", "rsa", "-b", "2048")
	other := public(t, gitsigntest.SSHKey(t, "", "ed25519"))
	mine := public(t, file)
	good := keygen(t, file, "git")
	day := func(d int) string { return now.UTC().AddDate(0, 0, d).Format("20060102") }
	for _, tt := range []struct {
		name, keys string
		payload    string
		signature  []byte
		want       error
	}{
		{"authorized_keys", mine, payload, good, nil},
		{"second line", "# people\n\n" + other + mine, payload, good, nil},
		{"allowed_signers", "a@example.com " + mine, payload, good, nil},
		{"several principals", "a@example.com,*@example.org namespaces=\"git\" " + mine, payload, good, nil},
		{"namespaces", `a@example.com namespaces="file,g*" ` + mine, payload, good, nil},
		{"a time", `a namespaces="git",valid-after="` + day(-1) + `",valid-before="` + day(2) + `0000Z" ` + mine, payload, good, nil},
		{"rsa", public(t, rsa), payload, keygen(t, rsa, "git"), nil},
		{"SHA-256", mine, payload, keygen(t, file, "git", "-O", "hashalg=sha256"), nil},
		{"one line of two allows it", `a valid-before="` + day(-1) + `" ` + mine + mine, payload, good, nil},
		{"a comment that is a key", strings.TrimSpace(other) + " " + mine, payload, good, gitsign.ErrUnknownKey},
		{"unsigned", mine, payload, nil, gitsign.ErrUnsigned},
		{"unknown key", other, payload, good, gitsign.ErrUnknownKey},
		{"another text", mine, payload + " ", good, gitsign.ErrBad},
		{"expired", `a valid-before="` + day(-1) + `" ` + mine, payload, good, gitsign.ErrExpired},
		{"not yet", `a valid-after="` + day(2) + `" ` + mine, payload, good, gitsign.ErrExpired},
		{"key for files", `a namespaces="file" ` + mine, payload, good, gitsign.ErrPurpose},
		{"key for all but Git", `a namespaces="*,!git" ` + mine, payload, good, gitsign.ErrPurpose},
		{"key for all but files", `a namespaces="!file,*" ` + mine, payload, good, nil},
		{"key for what isn't a pattern", `a namespaces="*,![git" ` + mine, payload, good, gitsign.ErrPurpose},
		{"signature for files", mine, payload, keygen(t, file, "file"), gitsign.ErrPurpose},
		{"twice", mine, payload, append(good, good...), gitsign.ErrBad},
		{"rubbish", mine, payload, []byte("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"), gitsign.ErrBad},
		{"X.509", mine, payload, []byte("-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n"), gitsign.ErrBad},
		{"long", mine, payload, []byte("-----BEGIN SSH SIGNATURE-----\n" + strings.Repeat("A", 1<<20)), gitsign.ErrBad},
		{"OpenPGP, and no such key", mine, payload, []byte("-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"), gitsign.ErrBad},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := verifier(t, now, tt.keys).Verify([]byte(tt.payload), tt.signature)
			check(t, got, err, tt.want)
		})
	}
}

// check holds an answer to what is wanted; an error names the key where that is known.
func check(t *testing.T, fingerprint string, err, want error) {
	t.Helper()
	var failed *gitsign.VerifyError
	switch {
	case want == nil && (err != nil || fingerprint == ""):
		t.Errorf("refused: %v", err)
	case want != nil && (!errors.Is(err, want) || !errors.As(err, &failed)):
		t.Errorf("error %v, want %v", err, want)
	case errors.Is(want, gitsign.ErrUnknownKey) && failed.Fingerprint == "":
		t.Errorf("error %v names no key", err)
	}
}

func TestVerifyOpenPGP(t *testing.T) {
	now := time.Now().Add(time.Minute) // keys and signatures are dated to the second, and are made after this line
	ring, other := gitsigntest.NewGnuPG(t), gitsigntest.NewGnuPG(t)
	quick(ring, "", "ed25519", "sign,cert", "1y")
	quick(other, "", "rsa2048", "sign,cert", "0")
	mine, theirs := ring.Run("", "--armor", "--export", address), other.Run("", "--armor", "--export", address)
	file := gitsigntest.File(t, payload)
	sign := func(g *gitsigntest.GnuPG, args ...string) []byte {
		return []byte(g.Run("", append(args, "--armor", "--detach-sign", "--output", "-", file)...))
	}
	good := sign(ring)
	for _, tt := range []struct {
		name, keys string
		payload    string
		signature  []byte
		now        time.Time
		want       error
	}{
		{"good", mine, payload, good, now, nil},
		{"second key", theirs + mine, payload, good, now, nil},
		{"rsa", theirs, payload, sign(other), now, nil},
		{"unknown key", theirs, payload, good, now, gitsign.ErrUnknownKey},
		{"another text", mine, payload + " ", good, now, gitsign.ErrBad},
		{"expired", mine, payload, good, now.AddDate(2, 0, 0), gitsign.ErrExpired},
		{"not yet", mine, payload, good, now.AddDate(0, 0, -2), gitsign.ErrExpired},
		{"SHA-1", theirs, payload, sign(other, "--digest-algo", "SHA1", "--allow-weak-digest-algos"), now, gitsign.ErrWeak},
		{"expired signature", mine, payload, sign(ring, "--default-sig-expire", "1"), now.AddDate(0, 0, 2), gitsign.ErrExpired},
		{"two signatures", mine + theirs, payload, append(good, sign(other)...), now, gitsign.ErrBad},
		{"revoked", revoked(t, ring), payload, good, now, gitsign.ErrRevoked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := verifier(t, tt.now, tt.keys).Verify([]byte(tt.payload), tt.signature)
			check(t, got, err, tt.want)
		})
	}
}

// revoked gives the public key of a ring after its owner has revoked it elsewhere.
func revoked(t *testing.T, ring *gitsigntest.GnuPG) string {
	t.Helper()
	certificates, err := filepath.Glob(filepath.Join(ring.Home, "openpgp-revocs.d", "*.rev"))
	if err != nil || len(certificates) != 1 {
		t.Fatalf("revocation certificates %v, %v", certificates, err)
	}
	text, err := os.ReadFile(certificates[0])
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := gitsigntest.NewGnuPG(t)
	elsewhere.Run("", "--import", gitsigntest.File(t, ring.Run("", "--armor", "--export", address)))
	// GnuPG puts a colon before the block, so that none is imported by mistake.
	elsewhere.Run("", "--import", gitsigntest.File(t, strings.ReplaceAll(string(text), ":-----BEGIN", "-----BEGIN")))
	return elsewhere.Run("", "--armor", "--export", address)
}

func TestVerifierRefuses(t *testing.T) {
	file := gitsigntest.SSHKey(t, "", "ed25519")
	mine := public(t, file)
	private, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ring := gitsigntest.NewGnuPG(t)
	quick(ring, "", "ed25519", "sign,cert", "0")
	for _, tt := range []struct{ name, keys, want string }{
		{"nothing", "", "there is none"},
		{"comments", "# nobody\n", "there is none"},
		{"rubbish", "hunter2", "line 1: it isn't a public key"},
		{"private key of SSH", string(private), "private keys don't belong here"},
		{"private key of OpenPGP", ring.Run("", "--armor", "--export-secret-keys", address), "private keys don't belong here"},
		{"cut OpenPGP key", ring.Run("", "--armor", "--export", address)[:200], "it isn't an armored OpenPGP public key"},
		{"authority", "a@example.com cert-authority " + mine, "certificates aren't supported"},
		{"authority of authorized_keys", "cert-authority " + mine, "certificates aren't supported"},
		{"unknown option", "a@example.com verify-required " + mine, `the option "verify-required"`},
		{"option for logging in", `command="x" ` + mine, `the option "command"`},
		{"bad time", `a@example.com valid-before="soon" ` + mine, "isn't a time"},
		{"weak RSA", public(t, gitsigntest.SSHKey(t, "", "rsa", "-b", "1024")), "1024 bits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := gitsign.NewVerifier(map[string][]byte{"keys": []byte(tt.keys)}, time.Now)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzVerify holds that nothing but the one signature of the one text counts, however
// it is written.
func FuzzVerify(f *testing.F) {
	file := gitsigntest.SSHKey(f, "", "ed25519")
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		f.Fatal(err)
	}
	v, err := gitsign.NewVerifier(map[string][]byte{"keys": text}, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"", "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----", "-----BEGIN PGP SIGNATURE-----\n\niHUEABYK\n-----END PGP SIGNATURE-----",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, signature string) {
		var failed *gitsign.VerifyError
		if by, err := v.Verify([]byte(payload), []byte(signature)); !errors.As(err, &failed) {
			t.Errorf("%q counts as a signature by %s: %v", signature, by, err)
		}
	})
}

// FuzzNewVerifier holds that no text of keys is too much.
func FuzzNewVerifier(f *testing.F) {
	for _, seed := range []string{
		"ssh-ed25519 AAAA", "a@example.com namespaces=\"git\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, keys string) {
		if v, err := gitsign.NewVerifier(map[string][]byte{"keys": []byte(keys)}, time.Now); (v == nil) == (err == nil) {
			t.Errorf("got %v and %v", v, err)
		}
	})
}
