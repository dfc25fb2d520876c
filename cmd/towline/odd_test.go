package main

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// odd writes manifests that a txtar archive can't hold to a folder: with CRLF, without a
// line end at the end, and under names that git quotes. Each names acme/hello:1.0.0.
func odd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: odd FOLDER")
	}
	image := ts.Getenv("REGISTRY") + "/acme/hello:1.0.0"
	for name, text := range map[string]string{
		"crlf.yaml":              "kind: Pod\r\n# ü\r\nimage: " + image + "\r\nlast: 1\r\n",
		"unended.yaml":           "kind: Pod\nimage: " + image,
		"a b.yaml":               "image: " + image + "\n",
		"quote\"and\\slash.yaml": "image: " + image + "\n",
		"tab\t.yaml":             "image: " + image + "\n",
		"latin\xe9.yaml":         "image: " + image + "\n",
	} {
		ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), name), []byte(text), 0o600))
	}
}
