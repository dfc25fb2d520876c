package config_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/config"
)

func parseNotes(text string) (config.ReleaseNotes, error) {
	b, err := config.ParseBot("bot.yaml", []byte("apiVersion: towline.dev/v1\nkind: BotConfig\nrepositories:\n- url: https://git.example.com/acme/deploy\n  forge: {type: plain}\n"+text))
	return b.ReleaseNotes, err
}

func TestReleaseNotes(t *testing.T) {
	no := false
	for _, test := range []struct {
		name, text string
		want       config.ReleaseNotes
		asked      bool
	}{
		{"default", "", config.ReleaseNotes{}, true},
		{"off", "releaseNotes: {enabled: false}", config.ReleaseNotes{Enabled: &no}, false},
		{"host", "releaseNotes:\n  hosts:\n  - {host: git.example.com, type: gitea, url: https://git.example.com/api/v1, tokenFile: /t}\n  - {host: github.com, type: github, tokenEnv: T}",
			config.ReleaseNotes{Hosts: []config.ReleaseHost{
				{Host: "git.example.com", Type: "gitea", URL: "https://git.example.com/api/v1", TokenFile: "/t"}, {Host: "github.com", Type: "github", TokenEnv: "T"},
			}}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseNotes(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || got.Asked() != test.asked {
				t.Errorf("asked %v (-want +got):\n%s", got.Asked(), diff)
			}
		})
	}
}

func TestBadReleaseNotes(t *testing.T) {
	for _, test := range []struct{ name, host, want string }{
		{"no host", "{type: gitea}", "isn't a host"},
		{"a path", "{host: git.example.com/x, type: gitea}", "isn't a host"},
		{"credentials", "{host: \"user:pass@git.example.com\", type: gitea}", "isn't a host"},
		{"type", "{host: git.example.com, type: svn}", `type is "svn"`},
		{"two tokens", "{host: git.example.com, type: gitea, tokenFile: a, tokenEnv: b}", "tokenFile and tokenEnv"},
		{"twice", "{host: git.example.com, type: gitea}\n  - {host: git.example.com, type: gitea}", "both for git.example.com"},
		{"unknown field", "{host: git.example.com, type: gitea, password: x}", "password"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseNotes("releaseNotes:\n  hosts:\n  - " + test.host)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "user:pass") {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
		})
	}
}

// TestReleaseNotesAreDocumented holds the example of docs/pull-requests.md to the fields
// that there are.
func TestReleaseNotesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/pull-requests.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "\nreleaseNotes:\n")
	example, _, _ = strings.Cut(example, "```")
	for _, of := range []reflect.Type{reflect.TypeFor[config.ReleaseNotes](), reflect.TypeFor[config.ReleaseHost]()} {
		for i := range of.NumField() {
			if name := of.Field(i).Tag.Get("yaml"); !strings.Contains(example, name) {
				t.Errorf("%s isn't in the example", name)
			}
		}
	}
}
