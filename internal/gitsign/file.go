package gitsign

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/towline-dev/towline/internal/secret"
)

// maxFile bounds a key's and a passphrase's file, in bytes.
const maxFile = 256 << 10

// ReadKey reads a key's file. One that every user of the machine can read or write is
// refused, as ssh refuses it; its group may read it, as Kubernetes' fsGroup has it.
func ReadKey(name string) (secret.String, error) {
	text, err := readFile(name)
	if err != nil {
		return secret.String{}, err
	}
	return secret.New(text), nil
}

// ReadPassphrase reads a passphrase's file, of which a last line end is no part. The
// file's mode is held to the same as a key's.
func ReadPassphrase(name string) (secret.String, error) {
	text, err := readFile(name)
	if err != nil {
		return secret.String{}, err
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if text == "" {
		return secret.String{}, fmt.Errorf("the passphrase file %s is empty", name)
	}
	return secret.New(text), nil
}

func readFile(name string) (text string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s isn't a regular file", name)
	case info.Mode().Perm()&0o007 != 0 && runtime.GOOS != "windows": // which has other rights
		return "", fmt.Errorf("every user of this machine can get at %s: its mode is %04o (hint: chmod o= it; for a Secret's volume, defaultMode: 0440)",
			name, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", err
	case len(data) > maxFile:
		return "", fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return string(data), nil
}
