package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/config"
)

const two = `repositories:
- {url: "https://git.example.com/acme/deploy", forge: {type: plain}}
- {url: "https://git.example.com/acme/infra", forge: {type: plain}, %s}
`

func TestWhatHoldsForAllIsHandedDown(t *testing.T) {
	all := head + "concurrency: 2\ncommitter: {name: Bot, email: bot@example.com}\nsigning: {format: ssh, keyFile: /key, passphraseFile: /pass}\n"
	bot := config.Committer{Name: "Bot", Email: "bot@example.com"}
	key := &config.Signing{Format: "ssh", KeyFile: "/key", PassphraseFile: "/pass"}
	for _, test := range []struct {
		name, second string
		committer    config.Committer
		signing      *config.Signing
	}{
		{"nothing of its own", "interval: 1m", bot, key},
		{"no key", "signing: {format: none}", bot, nil},
		{"both", "committer: {name: X, email: x@y}, signing: {format: openpgp, keyFile: /k}",
			config.Committer{Name: "X", Email: "x@y"}, &config.Signing{Format: "openpgp", KeyFile: "/k"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := config.ParseBot("bot.yaml", []byte(all+strings.Replace(two, "%s", test.second, 1)))
			if err != nil {
				t.Fatal(err)
			}
			first, second := got.Repositories[0], got.Repositories[1]
			if got.Concurrency != 2 || first.Committer != bot || !cmp.Equal(first.Signing, key) {
				t.Errorf("the first has %+v %+v", first.Committer, first.Signing)
			}
			if diff := cmp.Diff(test.signing, second.Signing); diff != "" || second.Committer != test.committer {
				t.Errorf("the second has %+v, key (-want +got):\n%s", second.Committer, diff)
			}
		})
	}
}

func TestCommitProblems(t *testing.T) {
	committer := "committer: {name: Bot, email: bot@example.com}\n"
	for _, test := range []struct{ name, all, second, want string }{
		{"concurrency", "concurrency: -1\n", "", "concurrency is -1"},
		{"no committer", "signing: {format: ssh, keyFile: k}\n", "", "has no committer"},
		{"half a committer", "committer: {name: Bot}\n", "", "committer.email"},
		{"a header", "committer: {name: \"Bot\\nx\", email: a@b}\n", "", "committer.name"},
		{"no address", "committer: {name: Bot, email: bot}\n", "", "isn't an e-mail address"},
		{"format", committer + "signing: {format: gpg, keyFile: k}\n", "", "ssh or openpgp"},
		{"none for all", committer + "signing: {format: none}\n", "", "ssh or openpgp"},
		{"none with a key", committer, "signing: {format: none, keyFile: k}", "format none and a key"},
		{"no key", committer, "signing: {format: ssh}", "has no keyFile"},
		{"a field", committer + "signing: {format: ssh, key: k}\n", "", "keyFile"},
		{"a glob", "", "paths: ['apps/**']", "isn't a folder"},
		{"out of it", "", "paths: ['../x']", "isn't a folder"},
		{"absolute", "", "paths: [/apps]", "isn't a folder"},
		{"the root", "", "paths: [.]", "isn't a folder"},
		{"prefix", "", "branchPrefix: '-x'", "can't begin a branch's name"},
		{"one repository twice", "", "name: other, url: 'https://git.example.com/acme/deploy.git/', branch: staging", "push to the same branches"},
		{"the prefix that is the default", "", "name: other, url: 'https://git.example.com/acme/deploy', branch: staging, branchPrefix: towline/", "push to the same branches"},
		{"one repository by another way", "", "name: other, url: 'git@git.example.com:acme/deploy.git', branch: staging, auth: {ssh: {knownHostsFile: k, privateKeyFile: k}}", "push to the same branches"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.second == "" {
				test.second = "interval: 1m"
			}
			text := head + test.all + strings.Replace(two, "%s", test.second, 1)
			if strings.Contains(test.second, "url:") {
				text = strings.Replace(text, `url: "https://git.example.com/acme/infra", `, "", 1)
			}
			_, err := config.ParseBot("bot.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestTwoOnOneRepository(t *testing.T) {
	text := head + `repositories:
- {url: "https://git.example.com/acme/deploy", forge: {type: plain}, paths: [apps/, clusters/prod]}
- {name: staging, url: "https://git.example.com/acme/deploy", branch: staging, branchPrefix: towline-staging/, forge: {type: plain}}
`
	got, err := config.ParseBot("bot.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"apps", "clusters/prod"}, got.Repositories[0].Paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	_, err = config.ParseReconciler("r.yaml", []byte("apiVersion: towline.dev/v1\nkind: ReconcilerConfig\nstatuses:\n- {url: 'https://a.example/b', forge: {type: plain}, paths: [a]}\n"))
	if err == nil || !strings.Contains(err.Error(), "the reconciler makes none") {
		t.Errorf("the reconciler's file: %v", err)
	}
}
