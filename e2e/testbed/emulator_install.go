package testbed

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// emulatorScript starts the emulator. It stands beside the installed packages,
// as Node looks for those from there.
const emulatorScript = "emulator.mjs"

// installEmulator installs the emulator's packages into the cache, exactly as
// the lock file in e2e/github names them, and returns the path of the script
// that starts it.
func installEmulator(ctx context.Context, progress io.Writer) (string, error) {
	module, err := ModuleDir()
	if err != nil {
		return "", err
	}
	files := map[string][]byte{}
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json", emulatorScript} {
		data, err := os.ReadFile(filepath.Join(module, "github", name))
		if err != nil {
			return "", fmt.Errorf("installing the GitHub emulator: %w", err)
		}
		files[name] = data
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data) // a hash takes all
	}
	programs, err := cache(progress)
	if err != nil {
		return "", err
	}
	key := hex.EncodeToString(sum.Sum(nil))[:16]
	dir, err := programs.Get(ctx, "emulator", key, func(ctx context.Context, path string) error {
		return npmCI(ctx, path, files)
	})
	return filepath.Join(dir, emulatorScript), err
}

// npmCI installs what the lock file names. No package's script is run.
func npmCI(ctx context.Context, dir string, files map[string][]byte) error {
	if err := os.Mkdir(dir, 0o750); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running npm ci: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// newPrivateKey makes an RSA key in PEM, as GitHub gives to the owner of an App.
func newPrivateKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), nil
}
