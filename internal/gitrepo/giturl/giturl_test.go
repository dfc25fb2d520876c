package giturl_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
)

func TestParse(t *testing.T) {
	type parsed struct{ URL, User, Host, Port, Path string }
	for name, test := range map[string]struct {
		text string
		want parsed
	}{
		"https":         {"https://Git.Example.com/a/b.git/", parsed{"https://git.example.com/a/b.git", "", "git.example.com", "22", "/a/b.git"}},
		"http, port":    {"http://h:3000/a/b", parsed{"http://h:3000/a/b", "", "h", "3000", "/a/b"}},
		"file":          {"file:///srv/a.git", parsed{"file:///srv/a.git", "", "", "22", "/srv/a.git"}},
		"ssh":           {"ssh://git@h/a/b.git", parsed{"ssh://git@h/a/b.git", "git", "h", "22", "/a/b.git"}},
		"ssh, no user":  {"ssh://h/a", parsed{"ssh://h/a", "", "h", "22", "/a"}},
		"ssh, port":     {"ssh://git@h:2222/a", parsed{"ssh://git@h:2222/a", "git", "h", "2222", "/a"}},
		"ssh, home":     {"ssh://pat@h/~/a", parsed{"ssh://pat@h/~/a", "pat", "h", "22", "~/a"}},
		"ssh, ~user":    {"ssh://pat@h/~sam/a", parsed{"ssh://pat@h/~sam/a", "pat", "h", "22", "~sam/a"}},
		"ssh, IPv6":     {"ssh://git@[::1]:22/a", parsed{"ssh://git@[::1]:22/a", "git", "::1", "22", "/a"}},
		"short":         {"git@Host:a/b.git", parsed{"ssh://git@host/a/b.git", "git", "host", "22", "a/b.git"}},
		"short, rooted": {"git@h:/srv/a.git", parsed{"ssh://git@h/srv/a.git", "git", "h", "22", "/srv/a.git"}},
		"short, IPv6":   {"git@[::1]:a", parsed{"ssh://git@[::1]/a", "git", "::1", "22", "a"}},
		"short, a port": {"git@h:2222/a", parsed{"ssh://git@h/2222/a", "git", "h", "22", "2222/a"}},
		"escapes":       {"ssh://git@h/a%20b'c", parsed{"ssh://git@h/a%20b%27c", "git", "h", "22", "/a b'c"}},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := giturl.Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			got := parsed{u.String(), u.User.Username(), u.Hostname(), giturl.SSHPort(u), giturl.SSHPath(u)}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"password over https":  {"https://pat:hunter2@h/a", "credentials"},
		"user over https":      {"https://hunter2@h/a", "credentials"},
		"password over ssh":    {"ssh://git:hunter2@h/a", "credentials"},
		"empty ssh password":   {"ssh://git:@h/a", "credentials"},
		"password, short form": {"git:hunter2@h:a", "scheme"},
		"user, no scheme":      {"hunter2:x@h/a", "scheme"},
		"escaped query":        {"https://h/a%3Fb", "escaped"},
		"escaped fragment":     {"https://h/a%23b", "escaped"},
		"escaped twice":        {"https://h/a%2520b", "escaped"},
		"git+ssh":              {"git+ssh://h/a", "scheme"},
		"a helper":             {"ext::sh -c id", "scheme"},
		"no path":              {"ssh://git@h/", "path"},
		"https, no path":       {"https://h/", "path"},
		"short, no path":       {"git@h:", "path"},
		"option as a path":     {"git@h:--exec=id", "path"},
		"option as a host":     {"ssh://-oProxyCommand=id/a", "dash"},
		"option as a user":     {"ssh://-x@h/a", "dash"},
		"line end in a path":   {"ssh://git@h/a%0ab", "characters"},
		"short, line end":      {"git@h:a\nb", "characters"},
		"port 0":               {"ssh://git@h:0/a", "port"},
		"port 99999":           {"ssh://git@h:99999/a", "port"},
		"no host":              {"ssh:///a", "host"},
		"query over ssh":       {"ssh://git@h/a?hunter2", "query"},
		"blank in a host":      {"git@h h:a", "characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := giturl.Parse(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want something about %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
}

func TestTail(t *testing.T) {
	for _, tt := range []struct{ address, want string }{
		{"https://git.example.com/acme/deploy.git", "acme/deploy"},
		{"https://git.example.com/Acme/Deploy/", "acme/deploy"},
		{"http://gitea:3000/git/acme/deploy.git/", "acme/deploy"},
		{"https://gitlab.com/acme/infra/deploy", "infra/deploy"},
		{"git@github.com:acme/deploy.git", "acme/deploy"},
		{"ssh://git@github.com:22/acme/deploy", "acme/deploy"},
		{"git.example.com/acme/deploy", "acme/deploy"},
		{"git.example.com:3000/acme/deploy.git", "acme/deploy"},
		{"127.0.0.1:3000/acme/deploy", "acme/deploy"},
		{"[::1]:3000/acme/deploy", "acme/deploy"},
		{"git.example.com", ""},
		{"file:///srv/git/deploy.git", "git/deploy"},
		{"https://git.example.com/a/../b//c.git", "b/c"},
		{"https://git.example.com/", ""},
		{"https://git.example.com", ""},
		{"", ""},
		{"://", ""},
		{"%zz", ""},
	} {
		if got := giturl.Tail(tt.address); got != tt.want {
			t.Errorf("the tail of %q is %q, want %q", tt.address, got, tt.want)
		}
	}
}
