package bot_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/ledger"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

// lookout is a tree, a registry and a ledger whose clock a test sets.
type lookout struct {
	t         *testing.T
	server    *registrytest.Server
	client    *registry.Client
	knowledge *bot.Knowledge
	ledger    *ledger.Ledger
	now       time.Time
	files     fstest.MapFS
}

func newLookout(t *testing.T, config bot.KnowledgeConfig) *lookout {
	t.Helper()
	l := &lookout{t: t, server: registrytest.New(t, registrytest.Options{}), now: time.Now(), files: fstest.MapFS{}}
	client, err := registry.New(registry.Config{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return l.now }
	l.ledger, err = ledger.Open(filepath.Join(t.TempDir(), "ledger.db"), ledger.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	l.client = client
	config.Ledger, config.Now = l.ledger, clock
	l.knowledge = bot.NewKnowledge(config)
	return l
}

func (l *lookout) image() string { return l.server.Host() + "/app" }

func (l *lookout) push(tag string, created time.Time) string {
	l.t.Helper()
	digest, err := l.server.Push("app", tag, created, map[string]string{"at": created.String()})
	if err != nil {
		l.t.Fatal(err)
	}
	return digest
}

// wants gives what is wanted where current stands: "tag" or "tag@digest", or the error.
func (l *lookout) wants(current string, spec ...string) (string, bot.Row) {
	l.t.Helper()
	l.files["app.yaml"] = file("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: app}\nspec:\n  image: " + l.image() +
		"\n  " + strings.Join(spec, "\n  ") + "\n---\n" + pod(l.image()+":"+current))
	var reader bot.Reader
	tree, err := reader.Read(l.files)
	if err != nil {
		l.t.Fatal(err)
	}
	plan, err := tree.Plan(l.t.Context(), bot.Look{Tags: l.client.Round(), Knowledge: l.knowledge, Now: l.now})
	if err != nil || len(plan.Rows) != 1 {
		l.t.Fatalf("%d rows, %v, %v", len(plan.Rows), plan.Problems, err)
	}
	row := plan.Rows[0]
	switch {
	case row.Err != nil:
		return row.Err.Error(), row
	case !row.Changed():
		return "", row
	case row.Digest != "":
		return row.Choice.Tag + "@" + row.Digest, row
	}
	return row.Choice.Tag, row
}

func (l *lookout) expect(want, current string, spec ...string) {
	l.t.Helper()
	if got, row := l.wants(current, spec...); got != want {
		l.t.Errorf("from %s: %q, want %q (%s)", current, got, want, row.Choice.Reason)
	}
}

const anyVersion = `policy: {semver: {range: "*"}}`

func TestMinimumAgeIsThatOfTheFirstSighting(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	age := []string{anyVersion, "minimumAge: 72h"}
	l.push("1.0.0", l.now.Add(-1000*time.Hour))
	l.push("1.1.0", l.now.Add(-100*time.Hour))
	l.push("1.2.0", l.now.Add(-time.Hour))
	// What the first scan finds is as old as the images say.
	l.expect("1.1.0", "1.0.0", age...)

	// What comes later is as old as its first sighting, whatever it says.
	l.push("1.3.0", l.now.Add(-5000*time.Hour))
	l.expect("1.1.0", "1.0.0", age...)
	l.now = l.now.Add(70 * time.Hour)
	l.expect("1.1.0", "1.0.0", age...)
	l.now = l.now.Add(2 * time.Hour)
	l.expect("1.3.0", "1.0.0", age...)

	// A tag that is pushed again is young again.
	l.push("1.3.0", l.now.Add(-6000*time.Hour))
	l.expect("1.2.0", "1.0.0", age...)
	l.now = l.now.Add(72 * time.Hour)
	l.expect("1.3.0", "1.0.0", age...)
}

func TestMinimumAgeOfAnImageThatDoesntSay(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	age := []string{anyVersion, "minimumAge: 72h"}
	l.push("1.0.0", l.now)
	l.push("1.1.0", time.Unix(0, 0)) // a reproducible build
	l.expect("", "1.0.0", age...)
	l.now = l.now.Add(72 * time.Hour)
	l.expect("1.1.0", "1.0.0", age...)
}

// TestMinimumAgeOfAnImageFromTheFuture: whoever says so isn't believed for anything.
func TestMinimumAgeOfAnImageFromTheFuture(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	age := []string{anyVersion, "minimumAge: 72h"}
	l.push("1.0.0", l.now)
	l.push("1.1.0", l.now.Add(5000*time.Hour))
	l.expect("", "1.0.0", age...)
	l.now = l.now.Add(72 * time.Hour)
	l.expect("1.1.0", "1.0.0", age...)
}

func TestPlatforms(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	l.push("1.0.0", l.now)
	l.push("1.1.0", l.now)
	l.expect("1.1.0", "1.0.0", anyVersion, "platforms: [linux/amd64]")
	l.expect("", "1.0.0", anyVersion, "platforms: [linux/amd64, linux/arm64]")
	if _, row := l.wants("1.0.0", anyVersion, "platforms: [linux/arm64]"); !strings.Contains(row.Choice.Reason, "1.1.0 has not the platform linux/arm64") {
		t.Errorf("the reason is %q", row.Choice.Reason)
	}
}

func TestNewestByRealImages(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	l.push("a", l.now.Add(-3*time.Hour))
	l.push("b", l.now.Add(-time.Hour))
	l.push("c", l.now.Add(-2*time.Hour))
	l.push("undated", time.Unix(0, 0))
	l.expect("b", "a", "policy: {newest: {}}")
	l.expect("", "b", "policy: {newest: {}}")
	l.server.ResetRequests()
	l.expect("b", "a", "policy: {newest: {}}")
	if got := l.server.Requests(); got[registrytest.KindTags] != 1 || got[registrytest.KindManifest] != 0 {
		t.Errorf("what was asked before is asked again: %v", got)
	}
	// A tag that is pushed again is believed at its old time for six hours.
	l.push("c", l.now)
	l.expect("b", "a", "policy: {newest: {}}")
	l.now = l.now.Add(6 * time.Hour)
	l.expect("c", "a", "policy: {newest: {}}")
}

func TestATagIsFollowedByItsDigest(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	follow := "policy: {digest: {tag: stable}}"
	first := l.push("stable", l.now)
	l.expect("stable@"+first, "stable", follow)
	l.expect("", "stable@"+first, follow)
	second := l.push("stable", l.now.Add(time.Second))
	l.expect("stable@"+second, "stable@"+first, follow)
	// The new content is as old as it was first seen here; until then the old one stays.
	l.wants("stable@"+second, follow, "minimumAge: 1h")
	third := l.push("stable", l.now.Add(2*time.Second))
	l.expect("", "stable@"+second, follow, "minimumAge: 1h")
	l.now = l.now.Add(time.Hour)
	l.expect("stable@"+third, "stable@"+second, follow, "minimumAge: 1h")
}

func TestSignaturesByKey(t *testing.T) {
	verifier, err := signature.New(signature.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l := newLookout(t, bot.KnowledgeConfig{Verifier: verifier})
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := signaturetest.PublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	verify := []string{anyVersion, "pin: digest", "verify: {keys: [{path: keys/cosign.pub}]}"}
	l.push("1.0.0", l.now)
	signed := l.push("1.1.0", l.now)
	l.push("1.2.0", l.now)

	// Without the key nothing is chosen, and the tree says so.
	if got, row := l.wants("1.0.0", verify...); row.Err == nil || !strings.Contains(got, `the key "keys/cosign.pub" can't be read`) {
		t.Errorf("without the key: %q", got)
	}
	l.files["keys/cosign.pub"] = file(string(pem))
	if _, row := l.wants("1.0.0", verify...); row.Changed() || !strings.Contains(row.Choice.Reason, `1.2.0 is not signed; expecting a signature by key "keys/cosign.pub".`) {
		t.Errorf("unsigned images: %+v", row.Choice)
	}
	text, err := signaturetest.Payload(l.image(), signed)
	if err != nil {
		t.Fatal(err)
	}
	layer, err := signaturetest.KeySigner(key).Layer(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := signaturetest.PushLayers(l.image(), signed, layer); err != nil {
		t.Fatal(err)
	}
	// The one that was verified is the one that is written.
	l.expect("1.1.0@"+signed, "1.0.0", verify...)

	// An outage is no verdict.
	l.server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindManifest}, Status: 404})
	defer l.server.ClearFaults()
	l.server.SetOnline(false)
	defer l.server.SetOnline(true)
	if _, row := l.wants("1.0.0", verify...); !errors.Is(row.Err, registry.ErrUnavailable) {
		t.Errorf("an outage gives %v", row.Err)
	}
}
