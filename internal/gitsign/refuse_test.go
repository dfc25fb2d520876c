package gitsign_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitsign"
	"github.com/towline-dev/towline/internal/gitsign/gitsigntest"
	"github.com/towline-dev/towline/internal/secret"
)

func TestKeysThatCantSign(t *testing.T) {
	locked := gitsigntest.SSHKey(t, "hunter2", "ed25519")
	ring := gitsigntest.NewGnuPG(t)
	quick(ring, "hunter2", "ed25519", "sign,cert", "1y")
	exported := ring.Export("hunter2", address)
	public, err := os.ReadFile(locked + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	two := gitsigntest.NewGnuPG(t)
	quick(two, "", "ed25519", "sign,cert", "0")
	two.Run("", "--quick-generate-key", "Other <other@example.com>", "ed25519", "sign,cert", "0")
	for _, test := range []struct {
		name   string
		format gitsign.Format
		file   string
		edit   func(*gitsign.Config)
		want   string
	}{
		{"no format", "", locked, nil, "ssh or openpgp"},
		{"locked", "ssh", locked, nil, "name its passphraseFile"},
		{"wrong passphrase", "ssh", locked, passphrase("hunter3"), "the passphrase is wrong"},
		{"public", "ssh", gitsigntest.File(t, string(public)), nil, "it is a public key"},
		{"short", "ssh", gitsigntest.SSHKey(t, "", "rsa", "-b", "1024"), nil, "2048 at least"},
		{"rubbish", "ssh", gitsigntest.File(t, "hunter2"), nil, "isn't an SSH private key"},
		{"OpenPGP as SSH", "ssh", exported, nil, "isn't an SSH private key"},
		{"empty", "ssh", gitsigntest.File(t, ""), nil, "it is empty"},
		{"locked", "openpgp", exported, nil, "name its passphraseFile"},
		{"wrong passphrase", "openpgp", exported, passphrase("hunter3"), "the passphrase doesn't open it"},
		{"public", "openpgp", gitsigntest.File(t, ring.Run("", "--armor", "--export", address)), nil, "it is a public key"},
		{"rubbish", "openpgp", gitsigntest.File(t, "hunter2"), nil, "isn't an OpenPGP key"},
		{"SSH as OpenPGP", "openpgp", locked, nil, "isn't an OpenPGP key"},
		{"two keys", "openpgp", gitsigntest.File(t, two.Run("", "--armor", "--export-secret-keys")), nil, "holds 2 keys"},
		{"another's address", "openpgp", exported, func(c *gitsign.Config) {
			c.Passphrase, c.Email = secret.New("hunter2"), "else@example.com"
		}, "set committer to one of: bot@example.com"},
		{"expired", "openpgp", exported, func(c *gitsign.Config) {
			c.Passphrase, c.Now = secret.New("hunter2"), inTwoYears
		}, "it has expired"},
	} {
		t.Run(string(test.format)+" "+test.name, func(t *testing.T) {
			text, err := gitsign.ReadKey(test.file)
			if err != nil {
				t.Fatal(err)
			}
			cfg := gitsign.Config{Format: test.format, Key: text}
			if test.edit != nil {
				test.edit(&cfg)
			}
			_, err = gitsign.New(cfg)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func passphrase(text string) func(*gitsign.Config) {
	return func(c *gitsign.Config) { c.Passphrase = secret.New(text) }
}

func inTwoYears() time.Time { return time.Now().AddDate(2, 0, 0) }

func TestRevokedKeys(t *testing.T) {
	g := gitsigntest.NewGnuPG(t)
	quick(g, "", "ed25519", "sign,cert", "0")
	// GnuPG keeps a certificate for this day, disarmed by a colon.
	kept, err := os.ReadFile(filepath.Join(g.Home, "openpgp-revocs.d", fingerprint(g)+".rev"))
	if err != nil {
		t.Fatal(err)
	}
	g.Run("", "--import", gitsigntest.File(t, strings.Replace(string(kept), ":-----BEGIN", "-----BEGIN", 1)))
	text, err := gitsign.ReadKey(g.Export("", address))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gitsign.New(gitsign.Config{Format: gitsign.FormatOpenPGP, Key: text}); err == nil || !strings.Contains(err.Error(), "has been revoked") {
		t.Errorf("a revoked key: %v", err)
	}
}

// TestKeyExpiresMeanwhile: nothing is signed from then on.
func TestKeyExpiresMeanwhile(t *testing.T) {
	g := gitsigntest.NewGnuPG(t)
	quick(g, "", "ed25519", "sign,cert", "1y")
	text, err := gitsign.ReadKey(g.Export("", address))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now
	k, err := gitsign.New(gitsign.Config{Format: gitsign.FormatOpenPGP, Key: text, Now: func() time.Time { return now() }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Sign([]byte(payload)); err != nil {
		t.Fatal(err)
	}
	now = inTwoYears
	if _, err := k.Sign([]byte(payload)); err == nil || !strings.Contains(err.Error(), "it has expired") {
		t.Errorf("an expired key signs: %v", err)
	}
}

func TestAnotherKeysSignature(t *testing.T) {
	var keys []*gitsign.Key
	for range 2 {
		g := gitsigntest.NewGnuPG(t)
		quick(g, "", "ed25519", "sign,cert", "0")
		for format, file := range map[gitsign.Format]string{
			gitsign.FormatOpenPGP: g.Export("", address), gitsign.FormatSSH: gitsigntest.SSHKey(t, "", "ed25519"),
		} {
			text, err := gitsign.ReadKey(file)
			if err != nil {
				t.Fatal(err)
			}
			k, err := gitsign.New(gitsign.Config{Format: format, Key: text})
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, k)
		}
	}
	for i, signer := range keys {
		signature, err := signer.Sign([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		for j, verifier := range keys {
			if err := verifier.Verify([]byte(payload), signature); (err == nil) != (i == j) {
				t.Errorf("key %d and the signature of key %d: %v", j, i, err)
			}
		}
	}
}
