package testbed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// debianTools are what a package of Debian's is fetched and unpacked with.
func debianTools() []string { return []string{"apt-get", "dpkg-deb"} }

// errNoPackage says that this machine can't be expected to have a package: it
// isn't Debian's kin, or nobody has fetched the lists of packages and we may not.
var errNoPackage = errors.New("apt offers no such package here")

// unpackDebian fetches the package that apt offers, whose signature apt checks,
// and returns the folder in the cache into which it is unpacked. It installs
// nothing on the machine, and runs none of the package's scripts.
func unpackDebian(ctx context.Context, progress io.Writer, name string) (string, error) {
	offer, err := debianOffer(ctx, name)
	if err != nil {
		return "", err
	}
	programs, err := cache(progress)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(offer))
	return programs.Get(ctx, name, hex.EncodeToString(sum[:])[:16], func(ctx context.Context, dir string) error {
		if err := os.Mkdir(dir, 0o750); err != nil {
			return err
		}
		if err := run(ctx, dir, "apt-get", "-q", "download", name); err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
		if err != nil {
			return err
		}
		if len(files) != 1 {
			return fmt.Errorf("apt-get download left %d files", len(files))
		}
		if err := run(ctx, dir, "dpkg-deb", "--extract", files[0], dir); err != nil {
			return err
		}
		return os.Remove(files[0])
	})
}

// debianOffer returns apt's line on a package: its file, which is named by
// version and architecture, with size and hash. Where apt knows of none, the
// lists of packages are fetched first, as only root can.
func debianOffer(ctx context.Context, name string) (string, error) {
	offer, err := askApt(ctx, name)
	if err == nil || os.Geteuid() != 0 {
		return offer, err
	}
	if err := run(ctx, "", "apt-get", "-q", "update"); err != nil {
		return "", fmt.Errorf("fetching the lists of packages: %w", err)
	}
	return askApt(ctx, name)
}

func askApt(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "-q", "download", "--print-uris", name).Output()
	offer := strings.TrimSpace(string(out))
	if err != nil || offer == "" {
		return "", fmt.Errorf("looking for the package %s: %w", name, errNoPackage)
	}
	return offer, nil
}

// run runs a program in a folder to its end.
func run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s %s: %w\n%s", program, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
