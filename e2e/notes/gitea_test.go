package notes_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/markup"
	"github.com/towline-dev/towline/internal/releasenotes"
	"github.com/towline-dev/towline/internal/secret"
)

func client(t *testing.T, server *testbed.GiteaServer) *sdk.Client {
	t.Helper()
	c, err := server.Client(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReleasesOfGitea: what Gitea answers is understood, pages and drafts included.
func TestReleasesOfGitea(t *testing.T) {
	server := testbed.Gitea(t)
	gitea, repo := client(t, server), server.Repo(t)
	release := func(tag string, draft bool) {
		t.Helper()
		_, _, err := gitea.CreateRelease(repo.Owner, repo.Name, sdk.CreateReleaseOption{TagName: tag, Target: "main", Title: "Release " + tag, Note: "notes of " + tag, IsDraft: draft})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tag := range []string{"v1.0.0", "v1.1.0", "v1.2.0", "other-1.1.0"} {
		release(tag, false)
	}
	release("v1.1.5", true)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	finder, err := releasenotes.New(releasenotes.Config{Hosts: []releasenotes.Host{{
		Name: at.Host, Kind: releasenotes.Gitea, API: server.URL + "/api/v1",
		Token: func(context.Context) (secret.String, error) { return secret.New(server.Token), nil },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{releasenotes.LabelSource: repo.URL}
	found := finder.Find(t.Context(), releasenotes.Query{
		Image: "registry.example.com/acme/web", From: releasenotes.Image{Tag: "1.0.0", Labels: labels}, To: releasenotes.Image{Tag: "1.2.0", Labels: labels},
	})
	page := server.URL + "/" + repo.Owner + "/" + repo.Name
	if found.Source != page || found.Compare != page+"/compare/v1.0.0...v1.2.0" {
		t.Errorf("source %q, compare %q", found.Source, found.Compare)
	}
	var got []string
	for _, r := range found.Releases {
		got = append(got, r.Tag+" "+r.Title+" "+r.URL+" "+r.Notes)
		if r.At.IsZero() {
			t.Errorf("%s has no date", r.Tag)
		}
	}
	want := []string{
		"v1.2.0 Release v1.2.0 " + page + "/releases/tag/v1.2.0 notes of v1.2.0",
		"v1.1.0 Release v1.1.0 " + page + "/releases/tag/v1.1.0 notes of v1.1.0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("releases (-want +got):\n%s", diff)
	}
}

// TestGiteaMakesNothingOfTexts: on Gitea's own page of a text from outside there are no
// links and no pictures, nobody is mentioned, and no issue is told that it was referred to.
func TestGiteaMakesNothingOfTexts(t *testing.T) {
	server := testbed.Gitea(t)
	s := &shower{t: t, Client: client(t, server), server: server, repo: server.Repo(t)}
	s.create("the one that is referred to")
	head, _, err := s.GetRepoBranch(s.repo.Owner, s.repo.Name, "main")
	if err != nil {
		t.Fatal(err)
	}
	name := s.repo.Owner + "/" + s.repo.Name
	hostile := "@" + server.User + " #1 " + name + "#1 !1 " + head.Commit.ID + " https://evil.example www.evil.example a@evil.example " +
		"[x](https://evil.example) ![y](https://evil.example/z.png) <img src=//evil.example> Closes #1 " + server.URL + "/" + name + "/issues/1 ABC-1"

	shown, _ := markup.HTML("## "+hostile+"\n\n- "+hostile+"\n\n> "+hostile+"\n\n| a |\n| --- |\n| "+hostile+" |\n\n```\n"+hostile+"\n```\n", 20000)
	for name, text := range map[string]string{
		"prose": "- " + markup.Prose(hostile, 1000), "code": "| a |\n| --- |\n| " + markup.Code(hostile) + " |",
		"notes": "<details><summary>" + markup.Prose(hostile, 1000) + "</summary><blockquote>" + shown + "</blockquote></details>",
	} {
		found, words := s.show(text)
		if len(found) > 0 || !strings.Contains(words, "Closes") {
			t.Errorf("%s: Gitea's page has %q and says %q", name, found, words)
		}
	}
	if n := s.references(); n > 0 {
		t.Errorf("the issue is told of %d references", n)
	}
	// As it is, the text does all that: Gitea would have found it.
	if found, _ := s.show(hostile); len(found) < 8 || s.references() == 0 {
		t.Errorf("Gitea makes only %q of the text as it is, and %d references", found, s.references())
	}
}

// shower shows texts on pages of a repository.
type shower struct {
	t *testing.T
	*sdk.Client
	server *testbed.GiteaServer
	repo   testbed.GiteaRepo
}

func (s *shower) create(text string) *sdk.Issue {
	s.t.Helper()
	issue, _, err := s.CreateIssue(s.repo.Owner, s.repo.Name, sdk.CreateIssueOption{Title: "a text", Body: text})
	if err != nil {
		s.t.Fatal(err)
	}
	return issue
}

// show gives what could do something on the page of a text, and the page's words.
func (s *shower) show(text string) (found []string, words string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.create(text).HTMLURL, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := html.Parse(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for n := range page.Descendants() {
		if !within(n, "render-content") {
			continue
		}
		if n.Type == html.TextNode {
			words += n.Data
		}
		if n.Type == html.ElementNode && (n.Data == "a" || n.Data == "img" || n.Data == "script") || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "href" || a.Key == "src" }) {
			found = append(found, fmt.Sprint(n.Data, n.Attr))
		}
	}
	return found, words
}

// within tells whether a node stands in one of a class.
func within(n *html.Node, class string) bool {
	for n = n.Parent; n != nil; n = n.Parent {
		for _, a := range n.Attr {
			if a.Key == "class" && strings.Contains(" "+a.Val+" ", " "+class+" ") {
				return true
			}
		}
	}
	return false
}

// references counts how often the first issue was told that something refers to it.
func (s *shower) references() (n int) {
	s.t.Helper()
	events, _, err := s.ListIssueTimeline(s.repo.Owner, s.repo.Name, 1, sdk.ListIssueCommentOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, event := range events {
		if strings.HasSuffix(event.Type, "_ref") {
			n++
		}
	}
	return n
}
