package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What files are named, and what they hold, moves no cursor and hides nothing: it may
// come from a pull request. The diff is a file's own bytes, with the names as git has them.
func TestCommandsPrintNoControls(t *testing.T) {
	const (
		red     = "\x1b[31m"
		reorder = "\u202e"
		policy  = "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: web}\nspec: {image: localhost:1/web, policy: {semver: {range: 1.x}}}\n"
	)
	for _, tt := range []struct {
		name, command, want string
		args                []string
		code                int
	}{
		{name: "check", command: "check", want: "broken·[31m\nred·.yaml", code: exitFailed},
		{name: "init", command: "init", args: []string{"--dry-run"}, want: "broken·[31m\nred·.yaml"},
		{name: "scan", command: "scan", want: "used·[31m.yaml", code: exitFailed},
		{name: "update", command: "update", want: "policy·[31m.yaml", code: exitFailed},
		{name: "set", command: "set", args: []string{"localhost:1/web=2.0.0"}, want: "used·[31m.yaml", code: exitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{
				"broken" + red + "\nred" + reorder + ".yaml": "image: [\nlocalhost:1/web\n", "policy" + red + ".yaml": policy,
				"used" + red + ".yaml": "image: localhost:1/web:1.0.0\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			code := run(t.Context(), process{
				args: append([]string{tt.command, dir}, tt.args...), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: os.Getenv,
			})
			if want := strings.ReplaceAll(tt.want, "\n", "·"); code != tt.code || !strings.Contains(out.String(), want) {
				t.Errorf("the exit code is %d, want %d; the output, which should name %s, is\n%s", code, tt.code, want, &out)
			}
			for _, control := range []string{"\x1b", reorder, "broken·[31m\n"} {
				if strings.Contains(out.String(), control) {
					t.Errorf("the output holds %q:\n%q", control, &out)
				}
			}
		})
	}
}
