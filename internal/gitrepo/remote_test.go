package gitrepo_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/internal/secret"
)

func TestOpenRefuses(t *testing.T) {
	for name, test := range map[string]struct{ url, want string }{
		"credentials":     {"https://pat:hunter2@git.example.com/a/b", "credentials"},
		"user alone":      {"https://hunter2@git.example.com/a/b", "credentials"},
		"ssh, no key":     {"ssh://git.example.com/a/b", "known_hosts"},
		"short, no key":   {"git@git.example.com:a/b.git", "known_hosts"},
		"another scheme":  {"ext::sh -c id", "scheme"},
		"relative":        {"../deploy.git", "scheme"},
		"relative file":   {"file:deploy.git", "absolute"},
		"file on a host":  {"file://host/deploy.git", "absolute"},
		"no host":         {"https:///a/b", "host"},
		"query":           {"https://git.example.com/a/b?token=hunter2", "query"},
		"control byte":    {"https://git.example.com/a\x7f:hunter2", "parsed"},
		"empty":           {"", "scheme"},
		"bad escape":      {"https://git.example.com/%zz-hunter2", "parsed"},
		"option as a URL": {"--upload-pack=id", "scheme"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := gitrepo.Open(gitrepo.Config{URL: test.url, Dir: t.TempDir()})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want something about %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
	if _, err := gitrepo.Open(gitrepo.Config{URL: "https://git.example.com/a"}); err == nil {
		t.Error("a missing folder is accepted")
	}
	if _, err := gitrepo.Open(gitrepo.Config{URL: "https://git.example.com/a", Dir: t.TempDir(), Auth: gitrepo.Auth{CA: []byte("no PEM")}}); err == nil {
		t.Error("a CA without certificates is accepted")
	}
}

func TestFileURL(t *testing.T) {
	server := gitrepotest.New(t)
	server.Create("deploy")
	repo := open(t, "file://"+server.Dir("deploy"))
	if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrEmptyRepository) {
		t.Errorf("empty repository: %v", err)
	}
	base := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	if got := fetch(t, repo, "main"); string(got) != base {
		t.Errorf("fetched %s, want %s", got, base)
	}
	commit, err := repo.Commit(gitrepo.Commit{Base: gitrepo.Hash(base), Files: map[string][]byte{"a": []byte("2")}, Message: "m", Author: pat(), Committer: pat()})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: commit, Branch: "main", Expect: gitrepo.Hash(base)}); err != nil {
		t.Fatal(err)
	}
	if got := server.File("deploy", "main", "a"); got != "2" {
		t.Errorf("a is %q", got)
	}
	missing := open(t, "file://"+filepath.Join(t.TempDir(), "none.git"))
	if _, err := missing.Head(t.Context(), "main"); !errors.Is(err, gitrepo.ErrRepositoryNotFound) {
		t.Errorf("missing repository: %v", err)
	}
}

// faulty is one trouble and what callers must be able to tell about it.
type faulty struct {
	fault     func(http.ResponseWriter, *http.Request) bool
	want      error // nil: success
	temporary bool
	requests  int // 0: not counted
}

func TestTroubles(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	for name, test := range map[string]faulty{
		"fine":             {nil, nil, false, 1},
		"401":              {gitrepotest.Status(9, 401, nil), gitrepo.ErrAuth, false, 1},
		"403":              {gitrepotest.Status(9, 403, nil), gitrepo.ErrAuth, false, 1},
		"404":              {gitrepotest.Status(9, 404, nil), gitrepo.ErrRepositoryNotFound, false, 1},
		"one 503":          {gitrepotest.Status(1, 503, nil), nil, false, 2},
		"two 502":          {gitrepotest.Status(2, 502, nil), nil, false, 3},
		"always 500":       {gitrepotest.Status(9, 500, nil), gitrepo.ErrUnavailable, true, 3},
		"429, wait a bit":  {gitrepotest.Status(1, 429, http.Header{"Retry-After": {"7"}}), nil, false, 2},
		"429, wait a day":  {gitrepotest.Status(9, 429, http.Header{"Retry-After": {"86400"}}), gitrepo.ErrUnavailable, true, 1},
		"hangs":            {gitrepotest.Hang(nil), gitrepo.ErrUnavailable, true, 0}, // a busy machine's try may end before it is heard
		"cut off once":     {server.Cut(1, "/info/refs"), nil, false, 2},
		"always cut off":   {server.Cut(9, "/info/refs"), gitrepo.ErrUnavailable, true, 3},
		"a web page":       {page, nil, false, 1},
		"no answer at all": {gitrepotest.Abort, gitrepo.ErrUnavailable, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server.Requests()
			server.Fault(test.fault)
			defer server.Fault(nil)
			var waits []time.Duration
			repo := open(t, url, func(c *gitrepo.Config) {
				c.Timeout = 2 * time.Second
				if name == "hangs" {
					c.Timeout = 20 * time.Millisecond
				}
				c.Sleep = func(ctx context.Context, d time.Duration) error { waits = append(waits, d); return ctx.Err() }
			})
			_, err := repo.Head(t.Context(), "main")
			var failed *gitrepo.Error
			switch {
			case name == "a web page":
				if !errors.As(err, &failed) || failed.Temporary() || !strings.Contains(err.Error(), "text/html") {
					t.Errorf("got %v", err)
				}
			case test.want == nil && err != nil, test.want != nil && !errors.Is(err, test.want):
				t.Errorf("got %v, want %v", err, test.want)
			case err != nil && (!errors.As(err, &failed) || failed.Temporary() != test.temporary):
				t.Errorf("%v: temporary isn't %t", err, test.temporary)
			}
			if got := len(server.Requests()); test.requests != 0 && got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
			if name == "hangs" && len(waits) != 2 {
				t.Errorf("waited %v, want two waits between three tries", waits)
			}
			if name == "429, wait a bit" && !slices.Equal(waits, []time.Duration{7 * time.Second}) {
				t.Errorf("waited %v", waits)
			}
		})
	}
}

func page(w http.ResponseWriter, _ *http.Request) bool {
	w.Header().Set("Content-Type", "text/html")
	_, err := w.Write([]byte("<h1>Sign in</h1>"))
	return err == nil
}

func TestRemoteThatIsGone(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := open(t, server.URL+"/deploy.git").Fetch(t.Context(), "main")
	if !errors.Is(err, gitrepo.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestCancelledByTheCaller(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	ctx, cancel := context.WithCancel(t.Context())
	server.Fault(func(_ http.ResponseWriter, req *http.Request) bool { cancel(); <-req.Context().Done(); return true })
	_, err := open(t, url).Fetch(ctx, "main")
	var failed *gitrepo.Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &failed) && failed.Temporary() {
		t.Errorf("got %v", err)
	}
	if got := len(server.Requests()); got != 1 {
		t.Errorf("%d requests after the caller went away, want 1", got)
	}
}

func TestMissingBranchAndEmptyRepository(t *testing.T) {
	server := gitrepotest.New(t)
	repo := open(t, server.Create("deploy"))
	for name, call := range map[string]func(string) error{
		"Head":  func(b string) error { _, err := repo.Head(t.Context(), b); return err },
		"Fetch": func(b string) error { _, err := repo.Fetch(t.Context(), b); return err },
	} {
		if err := call("main"); !errors.Is(err, gitrepo.ErrEmptyRepository) {
			t.Errorf("%s of an empty repository: %v", name, err)
		}
	}
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	for _, branch := range []string{"other", "mai", "main/x"} {
		if _, err := repo.Fetch(t.Context(), branch); !errors.Is(err, gitrepo.ErrBranchNotFound) || !strings.Contains(err.Error(), branch) {
			t.Errorf("Fetch of %q: %v", branch, err)
		}
	}
	for _, branch := range []string{"", "-rf", "a..b", "a b", "a\x00", "refs/heads/", "a.lock", "@{u}"} {
		if _, err := repo.Fetch(t.Context(), branch); err == nil || errors.Is(err, gitrepo.ErrBranchNotFound) {
			t.Errorf("Fetch of %q: %v", branch, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	server.RequireAuth("pat", "hunter2")
	token := func(text string, err error) func(context.Context) (secret.String, error) {
		return func(context.Context) (secret.String, error) { return secret.New(text), err }
	}
	for name, test := range map[string]struct {
		auth gitrepo.Auth
		want error
	}{
		"none":         {gitrepo.Auth{}, gitrepo.ErrAuth},
		"wrong":        {gitrepo.Auth{Username: "pat", Password: secret.New("x")}, gitrepo.ErrAuth},
		"right":        {gitrepo.Auth{Username: "pat", Password: secret.New("hunter2")}, nil},
		"token":        {gitrepo.Auth{Username: "pat", Token: token("hunter2", nil)}, nil},
		"token failed": {gitrepo.Auth{Token: token("", errors.New("no key"))}, gitrepo.ErrAuth},
		"token late":   {gitrepo.Auth{Token: token("", context.DeadlineExceeded)}, gitrepo.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := open(t, url, func(c *gitrepo.Config) { c.Auth, c.Dir = test.auth, dir }).Fetch(t.Context(), "main")
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds the password: %v", err)
			}
			cache := os.DirFS(dir)
			err = fs.WalkDir(cache, ".", func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := fs.ReadFile(cache, path)
				if strings.Contains(string(data), "hunter2") {
					t.Errorf("%s holds the password", path)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	server.RequireAuth("x-access-token", "ghs_1")
	if _, err := open(t, url, func(c *gitrepo.Config) { c.Auth.Token = token("ghs_1", nil) }).Fetch(t.Context(), "main"); err != nil {
		t.Errorf("the user name that goes with a token: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	server, evil := gitrepotest.New(t), gitrepotest.New(t)
	server.Create("deploy")
	evil.Create("deploy")
	for _, s := range []*gitrepotest.Server{server, evil} {
		s.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	}
	withAuth := func(c *gitrepo.Config) { c.Auth = gitrepo.Auth{Username: "pat", Password: secret.New("hunter2")} }
	to := func(target string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, req *http.Request) bool {
			if !strings.HasPrefix(req.URL.Path, "/old.git") {
				return false
			}
			w.Header().Set("Location", target+"/deploy.git/info/refs?service=git-upload-pack")
			w.WriteHeader(http.StatusMovedPermanently)
			return true
		}
	}
	t.Run("inside the origin", func(t *testing.T) {
		server.Fault(to(server.URL))
		if _, err := open(t, server.URL+"/old.git", withAuth).Fetch(t.Context(), "main"); err != nil {
			t.Error(err)
		}
	})
	t.Run("to another origin", func(t *testing.T) {
		server.Fault(to(evil.URL))
		_, err := open(t, server.URL+"/old.git", withAuth).Fetch(t.Context(), "main")
		var failed *gitrepo.Error
		if !errors.As(err, &failed) || failed.Temporary() || !strings.Contains(err.Error(), "redirects") {
			t.Errorf("got %v", err)
		}
		if got := evil.Requests(); len(got) > 0 {
			t.Errorf("the other origin was asked: %+v", got)
		}
	})
}

func TestPrivateCA(t *testing.T) {
	server := gitrepotest.NewTLS(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	if _, err := open(t, url, func(c *gitrepo.Config) { c.Auth.CA = server.CA() }).Fetch(t.Context(), "main"); err != nil {
		t.Errorf("with the CA: %v", err)
	}
	_, err := open(t, url).Fetch(t.Context(), "main")
	var failed *gitrepo.Error
	if !errors.As(err, &failed) || failed.Temporary() {
		t.Errorf("without the CA: %v", err)
	}
}

func TestTooLargeAnswers(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": strings.Repeat("0123456789abcdef", 1<<10) + "x"}})
	repo := open(t, url, func(c *gitrepo.Config) { c.MaxPackBytes = 100 })
	_, err := repo.Fetch(t.Context(), "main")
	var failed *gitrepo.Error
	if !errors.Is(err, gitrepo.ErrTooLarge) || !errors.As(err, &failed) || failed.Temporary() {
		t.Errorf("a pack: %v", err)
	}
	small := open(t, url, func(c *gitrepo.Config) { c.MaxFileBytes = 100 })
	fsys, err := small.FS(fetch(t, small, "main"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.Open("a"); !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("a file: %v", err)
	}
}
