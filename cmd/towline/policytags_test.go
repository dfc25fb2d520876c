package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestALineThatIsNoTag: all tags on one line, as JSON has them, are a slip worth telling.
func TestALineThatIsNoTag(t *testing.T) {
	tags := "1.0.0\n\n" + strings.Repeat("1.0.0,", 20_000) + "\n"
	var out, told bytes.Buffer
	code := run(t.Context(), process{
		args:  []string{"policy", "eval", "-f", filepath.Join("..", "..", "examples", "plain", "policy.yaml")},
		stdin: strings.NewReader(tags), stdout: &out, stderr: &told, getenv: func(string) string { return "" },
	})
	want := "towline: standard input:3: a line of more than 65536 bytes is no tag (write one tag a line)\n"
	if code != exitFailed || out.Len() > 0 || told.String() != want {
		t.Errorf("exit code %d, printed %q, told %q, want %q", code, out.String(), told.String(), want)
	}
}
