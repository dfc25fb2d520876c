package gitsign_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitsign"
	"github.com/towline-dev/towline/internal/gitsign/gitsigntest"
	"github.com/towline-dev/towline/internal/secret"
)

const payload = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nAny text.\n"

func key(t *testing.T, file string) secret.String {
	t.Helper()
	text, err := gitsign.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sign signs with a key, and checks that Verify takes that signature and no other.
func sign(t *testing.T, cfg gitsign.Config) []byte {
	t.Helper()
	k, err := gitsign.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := k.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Verify([]byte(payload), signature); err != nil {
		t.Error(err)
	}
	if err := k.Verify([]byte(payload+" "), signature); err == nil {
		t.Error("the signature holds for another text")
	}
	if err := k.Verify([]byte(payload), nil); err == nil {
		t.Error("no signature holds")
	}
	return signature
}

func TestSSHSignaturesAreOpenSSHs(t *testing.T) {
	for _, test := range []struct {
		name, passphrase string
		args             []string
	}{
		{"ed25519", "", []string{"ed25519"}},
		{"encrypted", "hunter2", []string{"ed25519"}},
		{"ecdsa", "", []string{"ecdsa", "-b", "384"}},
		{"rsa", "", []string{"rsa", "-b", "2048"}},
		{"PKCS #8", "", []string{"rsa", "-b", "2048", "-m", "PKCS8"}},
		{"PEM", "", []string{"ecdsa", "-m", "PEM"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := gitsigntest.SSHKey(t, test.passphrase, test.args...)
			signature := sign(t, gitsign.Config{Format: gitsign.FormatSSH, Key: key(t, file), Passphrase: secret.New(test.passphrase)})
			public, err := os.ReadFile(file + ".pub")
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "ssh-keygen", "-Y", "verify", "-n", "git", "-I", "bot@example.com",
				"-f", gitsigntest.File(t, "bot@example.com "+string(public)), "-s", gitsigntest.File(t, string(signature)))
			cmd.Stdin = strings.NewReader(payload)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("ssh-keygen: %v\n%s", err, out)
			}
			k, err := gitsign.New(gitsign.Config{Format: gitsign.FormatSSH, Key: key(t, file), Passphrase: secret.New(test.passphrase)})
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-l", "-f", file+".pub").Output()
			if err != nil || !strings.Contains(string(out), k.Fingerprint()) {
				t.Errorf("the fingerprint is %s, ssh-keygen says %s %v", k.Fingerprint(), out, err)
			}
		})
	}
}

func TestOpenPGPSignaturesAreGnuPGs(t *testing.T) {
	for _, test := range []struct {
		name, passphrase string
		make             func(g *gitsigntest.GnuPG, passphrase string)
	}{
		{"ed25519", "", func(g *gitsigntest.GnuPG, p string) { quick(g, p, "ed25519", "sign,cert", "0") }},
		{"encrypted", "hunter2", func(g *gitsigntest.GnuPG, p string) { quick(g, p, "ed25519", "sign,cert", "1y") }},
		{"rsa", "", func(g *gitsigntest.GnuPG, p string) { quick(g, p, "rsa2048", "sign,cert", "0") }},
		{"subkey", "hunter2", func(g *gitsigntest.GnuPG, p string) {
			quick(g, p, "ed25519", "cert", "0")
			g.Run(p, "--quick-add-key", fingerprint(g), "ed25519", "sign", "1y")
			g.Run(p, "--quick-add-key", fingerprint(g), "cv25519", "encr", "1y")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := gitsigntest.NewGnuPG(t)
			test.make(g, test.passphrase)
			cfg := gitsign.Config{
				Format: gitsign.FormatOpenPGP, Key: key(t, g.Export(test.passphrase, address)),
				Passphrase: secret.New(test.passphrase), Email: "Bot@Example.com",
			}
			signature := sign(t, cfg)
			g.Run("", "--verify", gitsigntest.File(t, string(signature)), gitsigntest.File(t, payload)) // or fails the test
			if k, err := gitsign.New(cfg); err != nil || k.Fingerprint() != fingerprint(g) {
				t.Errorf("the fingerprint is %v, %v, want %s", k.Fingerprint(), err, fingerprint(g))
			}
		})
	}
	t.Run("subkeys alone", func(t *testing.T) {
		g := gitsigntest.NewGnuPG(t)
		quick(g, "", "ed25519", "cert", "0")
		g.Run("", "--quick-add-key", fingerprint(g), "ed25519", "sign", "0")
		file := gitsigntest.File(t, g.Run("", "--export-secret-subkeys", address)) // not armored
		signature := sign(t, gitsign.Config{Format: gitsign.FormatOpenPGP, Key: key(t, file)})
		g.Run("", "--verify", gitsigntest.File(t, string(signature)), gitsigntest.File(t, payload))
	})
}

const address = "bot@example.com"

func quick(g *gitsigntest.GnuPG, passphrase, algorithm, usage, expire string) {
	g.Run(passphrase, "--quick-generate-key", "Bot <"+address+">", algorithm, usage, expire)
}

// fingerprint is that of the first key of the ring.
func fingerprint(g *gitsigntest.GnuPG) string {
	for line := range strings.SplitSeq(g.Run("", "--list-keys", "--with-colons"), "\n") {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			return fields[9]
		}
	}
	return ""
}

func TestReadKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, size int) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(strings.Repeat("x", size)), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, test := range []struct{ file, want string }{
		{write("mine", 0o600, 9), ""},
		{write("group", 0o440, 9), ""},
		{write("readable", 0o604, 9), "every user of this machine can get at"},
		{write("writable", 0o602, 9), "every user of this machine can get at"},
		{write("huge", 0o600, 1<<20), "has more than"},
		{dir, "isn't a regular file"},
		{filepath.Join(dir, "none"), "no such file"},
	} {
		t.Run(filepath.Base(test.file), func(t *testing.T) {
			text, err := gitsign.ReadKey(test.file)
			if test.want == "" && (err != nil || text.Reveal() != "xxxxxxxxx") {
				t.Errorf("got %v", err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
		})
	}
	for text, want := range map[string]string{"a b \n": "a b ", "x\r\n": "x", "y": "y", "z\n\n": "z\n", "\n": ""} {
		got, err := gitsign.ReadPassphrase(gitsigntest.File(t, text))
		if got.Reveal() != want || (err != nil) != (want == "") {
			t.Errorf("passphrase of %q: %q, %v", text, got.Reveal(), err)
		}
		if shown := fmt.Sprintf("%v %+v", got, err); strings.Contains(shown, "a b") {
			t.Errorf("the passphrase is shown: %s", shown)
		}
	}
}
