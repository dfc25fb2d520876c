package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/config"
)

const head = "apiVersion: towline.dev/v1\nkind: BotConfig\n"

func TestLoadBotFillsInDefaults(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bot.yaml")
	text := head + `repositories:
- url: https://github.com/acme/deploy
  auth: {tokenEnv: GITHUB_TOKEN}
  forge: {type: github}
registries:
- {host: "registry.example.com:5000", requestsPerSecond: 5}
`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.LoadBot(name)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Bot{
		APIVersion: "towline.dev/v1", Kind: "BotConfig",
		Repositories: []config.Repository{{
			Name: "github.com/acme/deploy", URL: "https://github.com/acme/deploy", Branch: "main", Interval: time.Minute,
			Auth:  config.Auth{Username: "x-access-token", TokenEnv: "GITHUB_TOKEN"}, //nolint:gosec // the name of a variable
			Forge: config.Forge{Type: "github"},
		}},
		Registries: []config.Registry{{Host: "registry.example.com:5000", RequestsPerSecond: 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LoadBot (-want +got):\n%s", diff)
	}
}

func TestBotProblems(t *testing.T) {
	repo := func(lines string) string {
		return head + "repositories:\n- url: https://git.example.com/acme/deploy\n  forge: {type: plain}\n" + lines
	}
	tests := []struct{ name, text, want string }{
		{"unknown field", repo("  brnach: main\n"), "bot.yaml:6:3"},
		{"nearest name", repo("  brnach: main\n"), "branch"},
		{"kind", "apiVersion: towline.dev/v1\nkind: Bot\nrepositories: []\n", "must be BotConfig"},
		{"no repository", head, "repositories is empty"},
		{"credentials in the URL", head + "repositories:\n- url: https://me:hunter2@git.example.com/a/b\n  forge: {type: plain}\n", "put them under auth"},
		{"credentials without a scheme", head + "repositories:\n- url: me:hunter2@git.example.com/a/b\n  forge: {type: plain}\n", "isn't a repository's address"},
		{"a token without a scheme", head + "repositories:\n- url: hunter2@git.example.com/a/b\n  forge: {type: plain}\n", "isn't a repository's address"},
		{"a password with a hash sign", head + "repositories:\n- url: https://hunter2:1#2@git.example.com/a/b\n  forge: {type: plain}\n", "isn't a repository's address"},
		{"a token in a scheme's place", head + "repositories:\n- url: hunter2:x@git.example.com/a/b\n  forge: {type: plain}\n", "isn't a repository's address"},
		{"credentials of another scheme", head + "repositories:\n- url: ssh://me:hunter2@git.example.com/a/b\n  forge: {type: plain}\n", "put them under auth"},
		{"a credential in the query", head + "repositories:\n- url: ftp://git.example.com/a/b?private_token=hunter2\n  forge: {type: plain}\n", "isn't a repository's address"},
		{"no address", head + "repositories:\n- url: git.example.com\n  forge: {type: plain}\n", "isn't a repository's address"},
		{"forge", head + "repositories:\n- url: https://git.example.com/a/b\n  forge: {type: githbu}\n", "github, gitlab, gitea, forgejo or plain"},
		{"two credentials", repo("  auth: {tokenEnv: A, tokenFile: b}\n"), "several credentials"},
		{"app elsewhere", repo("  auth: {app: {id: 1, installationID: 2, privateKeyFile: k}}\n"), "github only"},
		{"half an app", strings.Replace(repo("  auth: {app: {id: 1}}\n"), "plain", "github", 1), "is incomplete"},
		{"interval", repo("  interval: 10ms\n"), "a second at least"},
		{"twice", repo("- url: https://git.example.com/acme/deploy\n  forge: {type: plain}\n"), "both named"},
		{"registry", repo("registries: [{plainHTTP: true}]\n"), "has no host"},
		{"not YAML", head + "repositories: [", "reading bot.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.ParseBot("bot.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %q in it", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestParseReconciler(t *testing.T) {
	text := `apiVersion: towline.dev/v1
kind: ReconcilerConfig
statuses:
- {url: "https://github.com/acme/deploy", forge: {type: github}, auth: {tokenFile: /token}}
`
	got, err := config.ParseReconciler("reconciler.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Statuses) != 1 || got.Statuses[0].Auth.TokenFile != "/token" {
		t.Errorf("the statuses are %+v", got.Statuses)
	}
	_, err = config.ParseReconciler("reconciler.yaml", []byte(text+"- {url: 'https://a/b', branch: x, forge: {type: plain}}\n"))
	if err == nil || !strings.Contains(err.Error(), "those stand in the Sync") {
		t.Errorf("a branch gives %v", err)
	}
}

func TestLoadRefusesHugeFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bot.yaml")
	if err := os.WriteFile(name, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.LoadBot(name); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a huge file gives %v", err)
	}
}
