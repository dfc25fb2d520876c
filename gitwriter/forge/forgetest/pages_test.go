package forgetest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

func fetch(t *testing.T, address string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

var formToken = regexp.MustCompile(`name="token" value="([0-9a-f]+)"`)

func TestPullPageShowsAndMerges(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	sha := commit(t, repo, "topic", "app.yaml", "image: web:1.1.0\n")
	f := client(t, server, "acme", "deploy", forgetest.Token)
	pr, err := f.Create(t.Context(), forge.NewPullRequest{
		Head: "topic", Base: "main", Title: "Update <web>", Decoration: forge.Decoration{Labels: []string{"minor"}},
		Body: "| image | to |\n| --- | --- |\n| `web` | 1.1.0 |\n\n<!-- towline-key: hidden -->\n<img src=x onerror=alert(1)> [bad](javascript:alert(2)) [good](https://example.test/)\n\n" +
			"<code>a&#124;b &lt;i&gt;</code><br>said &#34;so&#34;\n\n---\nend\n\n<details open onclick=x><summary>notes</summary><style>x</style><form>in</form></details>\n\n- [x] done",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetStatus(t.Context(), sha, forge.Status{Context: "towline/shop", State: forge.StatusPending, Description: "waiting"}); err != nil {
		t.Fatal(err)
	}
	_, page := fetch(t, pr.URL)
	for _, want := range []string{
		"Update &lt;web&gt;", "<td><code>web</code></td>", "towline/shop", `class="add">`, "&#43;image: web:1.1.0",
		"<code>a|b &lt;i&gt;</code><br/>said &#34;so&#34;", "<hr/>", "Merge pull request", `href="https://example.test/"`, "minor",
		"<details><summary>notes</summary>in</details>", `<li><input type="checkbox" disabled="" checked=""/> done</li>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, unwanted := range []string{"towline-key", "<img", `href="javascript`, "<script", "onclick", "<form>in"} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
	token := formToken.FindStringSubmatch(page)
	if token == nil {
		t.Fatal("the page has no form")
	}
	submit := func(token, host string) int {
		form := url.Values{"token": {token}, "method": {"squash"}}.Encode()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, pr.URL+"/merge", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Host = host
		status, _ := do(t, req)
		return status
	}
	if got := submit("", ""); got != http.StatusForbidden {
		t.Errorf("without the token: %d", got)
	}
	if got := submit(token[1], "evil.example"); got != http.StatusForbidden {
		t.Errorf("under another host's name: %d", got)
	}
	commit(t, repo, "topic", "app.yaml", "image: web:1.2.0\n")
	if got := submit(token[1], ""); got != http.StatusForbidden {
		t.Errorf("with the token of an older commit: %d", got)
	}
	_, page = fetch(t, pr.URL)
	if got := submit(formToken.FindStringSubmatch(page)[1], ""); got != http.StatusSeeOther {
		t.Errorf("the button: %d", got)
	}
	if got := repo.PullRequests()[0]; got.State != forge.StateMerged {
		t.Errorf("afterwards the pull request is %s", got.State)
	}
	_, page = fetch(t, pr.URL)
	if !strings.Contains(page, "<strong>Merged</strong>") || strings.Contains(page, "Merge pull request") || !strings.Contains(page, "&#43;image: web:1.2.0") {
		t.Error("the merged page lacks the word or the diff, or still has the button")
	}
}

func TestRepositoryPages(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	repo := newRepo(t, server)
	commit(t, repo, "topic", "app.yaml", "image: web:1.1.0\n")
	propose(t, server, "topic")
	for path, want := range map[string]string{
		"/": "acme/deploy", "/acme/deploy": "From topic", "/acme/deploy/pull/1": "web:1.1.0",
	} {
		status, page := fetch(t, server.BaseURL()+path)
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%s answers %d without %q", path, status, want)
		}
	}
	for _, path := range []string{"/acme/nope", "/acme/deploy/pull/2", "/acme/deploy/pull/x", "/nope"} {
		if status, _ := fetch(t, server.BaseURL()+path); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
}

// The pages have no login, so they are for this machine alone.
func TestPagesAreForThisMachine(t *testing.T) {
	server := forgetest.Start(t, forgetest.Config{})
	newRepo(t, server)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/acme/deploy", nil)
	for remote, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "192.0.2.7:1": 403} {
		req.RemoteAddr = remote
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, req)
		if answer.Code != want {
			t.Errorf("from %s: %d, want %d", remote, answer.Code, want)
		}
	}
}
