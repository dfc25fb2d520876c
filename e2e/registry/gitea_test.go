package registry_test

import (
	"errors"
	"fmt"
	"testing"

	"code.gitea.io/sdk/gitea"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/registry"
)

func TestGiteaAnonymous(t *testing.T) {
	t.Parallel()
	s := servers()["gitea"](t)
	repository := s.repository()
	want := s.push(t, repository, image(t), "1.0.0", "1.1.0")
	sent := &recorder{}
	client := newClient(t, registry.Config{Keychain: keychain{}, Transport: sent})
	tags, err := client.Tags(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.0.0", "1.1.0"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got, err := client.Digest(t.Context(), repository, "1.1.0"); err != nil || got != want {
		t.Errorf("digest: got %q, %v; want %q", got, err, want)
	}
	if requests := sent.take(); requests["GET token"] != 1 {
		t.Errorf("the requests were %v, want one for a token, which nobody has to sign in for", requests)
	}
}

// TestGiteaTokenIsReused counts what a client asks that lists a repository again.
func TestGiteaTokenIsReused(t *testing.T) {
	t.Parallel()
	s := servers()["gitea"](t)
	repository := s.repository()
	s.push(t, repository, image(t), "1.0.0")
	sent := &recorder{}
	client := s.client(t, registry.Config{Transport: sent})
	for _, want := range []map[string]int{
		// Gitea gives a link to a next page with every page that isn't empty.
		{"GET ping": 1, "GET token": 1, "GET list": 2, "HEAD manifest": 1},
		{"GET list": 2, "HEAD manifest": 1},
	} {
		if _, err := client.Tags(t.Context(), repository); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Digest(t.Context(), repository, "1.0.0"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sent.take()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	}
}

func TestGiteaPages(t *testing.T) {
	t.Parallel()
	s := servers()["gitea"](t)
	repository := s.repository()
	want := versions(25)
	s.push(t, repository, image(t), want...)
	sent := &recorder{}
	got, err := s.client(t, registry.Config{PageSize: 10, Transport: sent}).Tags(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	// 10, 10 and 5, and the empty page to which the last of them links.
	if requests := sent.take(); requests["GET list"] != 4 {
		t.Errorf("the requests were %v, want four for the list", requests)
	}
}

// TestGiteaPrivatePackage holds that a package of a private user is the user's
// own, for the client and for the program.
func TestGiteaPrivatePackage(t *testing.T) {
	t.Parallel()
	g := testbed.Gitea(t)
	owner, other := newUser(t, g), newUser(t, g)
	hide(t, g, owner.Username)
	repository := fmt.Sprintf("%s/%s/app", giteaHost(g), owner.Username)
	digest := push(t, owner, repository, image(t), "1.0.0", "1.1.0")
	for _, tt := range []struct {
		name string
		as   authn.Basic
		want error
	}{
		{"owner", owner, nil},
		{"somebody else", other, registry.ErrUnauthorized},
		{"nobody", authn.Basic{}, registry.ErrUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := newClient(t, registry.Config{Keychain: keychain(tt.as)})
			if _, err := client.Tags(t.Context(), repository); !errors.Is(err, tt.want) {
				t.Errorf("listing: got %v, want %v", err, tt.want)
			}
			got, err := client.Digest(t.Context(), repository, "1.1.0")
			if !errors.Is(err, tt.want) || err == nil && got != digest {
				t.Errorf("digest: got %q, %v; want %q, %v", got, err, digest, tt.want)
			}
			p := newProgram(t, repository)
			if tt.as.Username != "" {
				p.signIn(t, giteaHost(g), tt.as)
			}
			rows, code := p.scan(t)
			if failed := code != 0; failed != (tt.want != nil) || len(rows) != 1 || rows[0].Failed != failed {
				t.Errorf("the program gives %+v and exit status %d, want what the client was told", rows, code)
			}
		})
	}
}

// newUser makes a user who signs in to the registry with an access token.
func newUser(t *testing.T, g *testbed.GiteaServer) authn.Basic {
	t.Helper()
	name := testbed.UniqueName()
	token, err := g.NewUser(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return authn.Basic{Username: name, Password: token}
}

// hide makes a user, and so the user's packages, private.
func hide(t *testing.T, g *testbed.GiteaServer, user string) {
	t.Helper()
	client, err := g.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	private := gitea.VisibleTypePrivate
	if _, err := client.AdminEditUser(user, gitea.EditUserOption{LoginName: user, Visibility: &private}); err != nil {
		t.Fatal(err)
	}
}
