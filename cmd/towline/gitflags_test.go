package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A Sync may name any host, so a token is sent only where its owner meant it for.
func TestTokenOfAPerson(t *testing.T) {
	both := map[string]string{"TOWLINE_TOKEN": "mine", "GITHUB_TOKEN": "github's"}
	github := map[string]string{"GITHUB_TOKEN": "github's"}
	tests := []struct {
		name    string
		flags   gitFlags
		env     map[string]string
		url     string
		want    string // forge and variable
		wantErr string
	}{
		{name: "our own variable goes first", env: both, url: "https://github.com/acme/deploy", want: "github TOWLINE_TOKEN"},
		{name: "GitHub's at GitHub", env: github, url: "https://github.com/acme/deploy", want: "github GITHUB_TOKEN"},
		{name: "GitHub's at GitHub, by SSH", env: github, url: "git@github.com:acme/deploy", want: "github GITHUB_TOKEN"},
		{name: "GitHub's at another host that calls itself so", flags: gitFlags{forge: "github"}, env: github, url: "https://evil.example/acme/deploy", wantErr: "there is no token for evil.example"},
		{name: "GitHub's, with an API elsewhere", flags: gitFlags{forgeURL: "https://evil.example"}, env: github, url: "https://github.com/acme/deploy", wantErr: "there is no token"},
		{name: "GitHub's at GitLab", env: github, url: "https://gitlab.com/acme/deploy", wantErr: "there is no token for gitlab.com"},
		{name: "GitHub's at GitHub, spoken to as Gitea", flags: gitFlags{forge: "gitea"}, env: github, url: "https://github.com/acme/deploy", wantErr: "there is no token"},
		{name: "our own at a host that the Sync names", flags: gitFlags{forge: "forgejo"}, env: both, url: "https://git.example.com/acme/deploy", wantErr: "the Sync has your token sent to https://git.example.com (hint"},
		{name: "our own at a host that the Sync names, by SSH", flags: gitFlags{forge: "forgejo"}, env: both, url: "git@git.example.com:acme/deploy", wantErr: "the Sync has your token sent to"},
		{name: "a file's at a host that the Sync names", flags: gitFlags{forge: "forgejo", tokenFile: "token"}, url: "https://git.example.com/acme/deploy", wantErr: "the Sync has your token sent to"},
		{name: "our own where the Sync names another port", env: both, url: "https://github.com:8443/acme/deploy", wantErr: "the Sync has your token sent to"},
		{name: "our own in clear text", env: both, url: "http://github.com/acme/deploy", wantErr: "the Sync has your token sent to http://github.com (hint"},
		{name: "GitHub's in clear text", env: github, url: "http://github.com/acme/deploy", wantErr: "there is no token"},
		{name: "GitHub's in clear text, by the person's word", flags: gitFlags{url: "http://github.com/acme/deploy"}, env: github, url: "http://github.com/acme/deploy", wantErr: "there is no token"},
		{name: "our own, with an API elsewhere", flags: gitFlags{forge: "gitea", forgeURL: "https://git.example.com"}, env: both, url: "https://evil.example/acme/deploy", wantErr: "the Sync has your token sent to"},
		{name: "our own at a host whose API the person names", flags: gitFlags{forge: "gitea", forgeURL: "https://git.example.com"}, env: both, url: "https://git.example.com/acme/deploy", want: "gitea TOWLINE_TOKEN"},
		{name: "our own for an API that the person names, and Git by SSH", flags: gitFlags{forge: "gitea", forgeURL: "https://git.example.com"}, env: both, url: "git@other.example.com:acme/deploy", want: "gitea TOWLINE_TOKEN"},
		{name: "our own at a host that the person names", flags: gitFlags{forge: "forgejo", url: "http://git.example.com/acme/deploy"}, env: both, url: "http://git.example.com/acme/deploy", want: "gitea TOWLINE_TOKEN"},
		{name: "our own at GitHub, by SSH over another port", env: both, url: "ssh://git@ssh.github.com:443/acme/deploy", want: "github TOWLINE_TOKEN"},
		{name: "no forge and SSH take no token", flags: gitFlags{forge: "plain"}, env: both, url: "git@git.example.com:acme/deploy", want: "plain TOWLINE_TOKEN"},
		{name: "a host whose kind isn't known", env: both, url: "https://git.example.com/acme/deploy", wantErr: "--forge github, gitlab"},
		{name: "a kind that isn't known", flags: gitFlags{forge: "svn"}, env: both, url: "https://git.example.com/acme/deploy", wantErr: `the forge "svn" isn't known`},
		{name: "no forge needs no token", flags: gitFlags{forge: "plain"}, env: nil, url: "https://git.example.com/acme/deploy", want: "plain "},
		{name: "a password in the address", env: both, url: "https://me" + ":secret@github.com/acme/deploy", wantErr: "credentials"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.flags.process = process{getenv: func(name string) string { return tt.env[name] }}
			r, err := tt.flags.repository(tt.url, "main")
			switch {
			case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
				t.Errorf("error %v, want one that says %q", err, tt.wantErr)
			case tt.wantErr != "" && strings.Contains(err.Error(), "secret"):
				t.Errorf("the error tells the password: %v", err)
			case tt.wantErr == "" && err != nil:
				t.Error(err)
			case tt.wantErr == "":
				if diff := cmp.Diff(tt.want, r.Forge.Type+" "+r.Auth.TokenEnv); diff != "" {
					t.Errorf("forge and variable (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestBrief(t *testing.T) {
	hash := strings.Repeat("0123456789", 4)
	tests := []struct{ name, text, want string }{
		{"a revision", "applied main@sha1:" + hash + ", waiting", "applied main@01234567, waiting"},
		{"what only looks like one", "a@sha1:12 b", "a@sha1:12 b"},
		{"several lines", "one\n\ttwo", "one two"},
		{"too long", strings.Repeat("é", 121), strings.Repeat("é", 119) + "…"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got := brief(tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// An object may hold what moves a terminal's cursor.
func TestPaintedDiff(t *testing.T) {
	const diff = "--- live/a\n+++ wanted/a\n@@ -1 +1 @@\n-a: \x1b[2J\n+a:\tb\n c"
	want := map[paint]string{
		false: "--- live/a\n+++ wanted/a\n@@ -1 +1 @@\n-a: ·[2J\n+a:    b\n c",
		true: "\x1b[1m--- live/a\x1b[0m\n\x1b[1m+++ wanted/a\x1b[0m\n\x1b[36m@@ -1 +1 @@\x1b[0m\n\x1b[31m-a: ·[2J\x1b[0m\n" +
			"\x1b[32m+a:    b\x1b[0m\n c",
	}
	for colour, text := range want {
		if diff := cmp.Diff(text, colour.diff(diff)); diff != "" {
			t.Errorf("coloured %v (-want +got):\n%s", colour, diff)
		}
	}
	if painter(process{getenv: func(string) string { return "" }}, &bytes.Buffer{}) {
		t.Error("what is no terminal is coloured")
	}
}

func TestColumns(t *testing.T) {
	var out bytes.Buffer
	var c columns
	for _, row := range [][]string{{"NAME", "READY", "MESSAGE"}, {"a-long-name", "True", "fine"}, {"b", "False", "bad\nnews"}} {
		if err := c.write(&out, row); err != nil {
			t.Fatal(err)
		}
	}
	want := "NAME   READY   MESSAGE\na-long-name   True    fine\nb             False   bad·news\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestPlainName(t *testing.T) {
	for name, want := range map[string]string{"shop": "shop", "sync/shop": "shop", "sync.towline.dev/shop": "shop", "Syncs/shop": "shop", "tsync/shop": "shop", "deployment/shop": "deployment/shop"} {
		if got := plainName(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
