package testbed_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestEmulatorTakesPullRequest(t *testing.T) {
	server := testbed.Emulator(t)
	client := githubClient(t, server, nil).WithAuthToken(server.Token)
	ctx := t.Context()
	main, _, err := client.Git.GetRef(ctx, server.Owner, server.Repo, "refs/heads/main")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = client.Repositories.CreateFile(ctx, server.Owner, server.Repo, "file.txt", &github.RepositoryContentFileOptions{
		Message: github.String("Write a file"), Content: []byte("hello\n"), Branch: github.String("main"),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = client.Git.CreateRef(ctx, server.Owner, server.Repo, &github.Reference{
		Ref: github.String("refs/heads/topic"), Object: &github.GitObject{SHA: main.Object.SHA},
	})
	if err != nil {
		t.Fatal(err)
	}
	pull, _, err := client.PullRequests.Create(ctx, server.Owner, server.Repo, &github.NewPullRequest{
		Title: github.String("Change a line"), Head: github.String("topic"), Base: github.String("main"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if pull.GetState() != "open" || !strings.HasPrefix(pull.GetURL(), server.URL+"/") {
		t.Errorf("got a pull request that is %s at %s; want it open below %s", pull.GetState(), pull.GetURL(), server.URL)
	}
}

func TestEmulatorKnowsItsApp(t *testing.T) {
	server := testbed.Emulator(t)
	transport, err := ghinstallation.New(&http.Transport{}, server.App.ID, server.App.InstallationID, server.App.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	transport.BaseURL = server.URL
	repo, _, err := githubClient(t, server, transport).Repositories.Get(t.Context(), server.Owner, server.Repo)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := repo.GetFullName(), server.Owner+"/"+server.Repo; got != want {
		t.Errorf("got repository %s, want %s", got, want)
	}
}

func TestEmulatorReportsViolations(t *testing.T) {
	server, err := testbed.StartEmulator(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	path := server.URL + "/repos/" + server.Owner + "/" + server.Repo + "/pulls"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(`{"title": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if len(server.Violations()) == 0 {
		t.Error("a title that is a number wasn't reported")
	}
}

func githubClient(t *testing.T, server *testbed.EmulatorServer, transport http.RoundTripper) *github.Client {
	t.Helper()
	base, err := url.Parse(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	client := github.NewClient(&http.Client{Transport: transport})
	client.BaseURL = base
	return client
}
