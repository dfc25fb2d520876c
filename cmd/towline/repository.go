package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// repositoryOf finds the repository that holds path: the nearest folder at or above
// it with a .git, or path itself where there is none. It gives that folder and the
// slash path from it.
func repositoryOf(path string) (root, sub string, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", "", err
	}
	if _, err := os.Stat(abs); err != nil {
		return "", "", err
	}
	for dir := abs; ; dir = filepath.Dir(dir) {
		_, err := os.Stat(filepath.Join(dir, ".git"))
		switch {
		case err == nil:
			rel, err := filepath.Rel(dir, abs)
			return dir, filepath.ToSlash(rel), err
		case !errors.Is(err, fs.ErrNotExist):
			return "", "", err
		case dir == filepath.Dir(dir):
			return abs, ".", nil
		}
	}
}
