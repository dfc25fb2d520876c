package binary

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// key names the content of a program: its module's own files, how it is built
// and with which Go. The modules that it requires are named by go.sum.
func (s Source) key(ctx context.Context) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%q %q %q %q\n", s.Package, s.Tags, s.LDFlags, s.Env) // a hash takes all
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS", "GOEXPERIMENT")
	cmd.Dir = s.Module // a toolchain line in go.mod picks another Go
	env, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("asking go env in %s: %w", s.Module, err)
	}
	_, _ = sum.Write(env)
	if err := hashModule(sum, s.Module); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// hashModule writes the names and contents of the files that can change what is
// built, in lexical order. A nested module is another module's business.
func hashModule(w io.Writer, dir string) error {
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skipDir(dir, path)
		case !isSource(d.Name()):
			return nil
		}
		found = found || d.Name() == "go.mod"
		return hashFile(w, dir, path)
	})
	if err == nil && !found {
		return fmt.Errorf("%s has no go.mod", dir)
	}
	return err
}

// skipDir passes over nested modules and what go build passes over.
func skipDir(root, path string) error {
	if path == root {
		return nil
	}
	name := filepath.Base(path)
	if name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

func isSource(name string) bool {
	return name == "go.mod" || name == "go.sum" ||
		strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

func hashFile(w io.Writer, root, path string) error {
	name, err := filepath.Rel(root, path)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w, "%s %d\n", filepath.ToSlash(name), info.Size()) // a hash takes all
	_, err = io.Copy(w, f)
	return err
}
