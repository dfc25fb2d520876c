package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// shoot has a browser without a window write a picture of a page, of a height in pixels.
func (s *scene) shoot(ctx context.Context, address, file string, height int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	page, err := s.still(ctx, address)
	if err != nil {
		return fmt.Errorf("taking a picture of %s: %w", address, err)
	}
	file, err = filepath.Abs(file)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, cmp.Or(os.Getenv("CHROMIUM"), "chromium"),
		"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking", "--disable-sync",
		"--no-first-run", "--user-data-dir="+page+".profile", "--screenshot="+file, fmt.Sprintf("--window-size=1200,%d", height), "file://"+page)
	cmd.WaitDelay = time.Second // children of a browser that was ended hold its outputs
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("taking a picture of %s: %w\n%s", address, err, said)
	}
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("taking a picture of %s: %w", address, err)
	}
	_, err = fmt.Fprintf(s.out, "%s, %d kB\n", filepath.Base(file), info.Size()/1000)
	return err
}

// still keeps a page without its scripts in a file: there is no build of Gitea's, and a
// browser waits for them.
func (s *scene) still(ctx context.Context, address string) (file string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	page, err := answer(req, http.StatusOK)
	if err != nil {
		return "", err
	}
	page = regexp.MustCompile(`(?s)<script\b.*?</script>`).ReplaceAll(page, nil)
	page = regexp.MustCompile(`<head>`).ReplaceAll(page, []byte(`<head><base href="`+address+`">`))
	f, err := os.CreateTemp(s.dir, "page-*.html")
	if err != nil {
		return "", err
	}
	if _, err := f.Write(page); err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}
