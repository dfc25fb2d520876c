package gitsign_test

import (
	"os"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitsign"
	"github.com/towline-dev/towline/internal/gitsign/gitsigntest"
)

// TestKeyInFileChanges: another key is used from then on, and one that can't sign
// signs nothing with the one before.
func TestKeyInFileChanges(t *testing.T) {
	name := gitsigntest.SSHKey(t, "hunter2", "ed25519")
	other, err := os.ReadFile(gitsigntest.SSHKey(t, "", "ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := gitsign.OpenFile(gitsign.FileConfig{Format: gitsign.FormatSSH, KeyFile: name, PassphraseFile: gitsigntest.File(t, "hunter2\n")})
	if err != nil {
		t.Fatal(err)
	}
	before, err := file.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Verify([]byte(payload), before); err != nil {
		t.Error(err)
	}
	write := func(text []byte) {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(other)
	if err := file.Verify([]byte(payload), before); err == nil {
		t.Error("the signature of the key before holds")
	}
	after, err := file.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	write(first[:len(first)/2])
	if _, err := file.Sign([]byte(payload)); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("half a key signs: %v", err)
	}
	write(other)
	if err := file.Verify([]byte(payload), after); err != nil {
		t.Error(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Sign([]byte(payload)); err == nil {
		t.Error("a key that is gone signs")
	}
	if _, err := gitsign.OpenFile(gitsign.FileConfig{Format: gitsign.FormatSSH, KeyFile: name}); err == nil {
		t.Error("a file that isn't there is opened")
	}
}
