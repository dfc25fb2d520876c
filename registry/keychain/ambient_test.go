package keychain_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/towline-dev/towline/registry/keychain"
)

func TestServes(t *testing.T) {
	tests := []struct {
		host string
		want keychain.Provider
	}{
		{"123456789012.dkr.ecr.eu-central-1.amazonaws.com", keychain.ECR},
		{"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", keychain.ECR},
		{"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", keychain.ECR},
		{"123456789012.dkr-ecr.eu-west-1.on.aws", keychain.ECR},
		{"gcr.io", keychain.GCP}, {"eu.gcr.io", keychain.GCP}, {"europe-west3-docker.pkg.dev", keychain.GCP},
		{"acme.azurecr.io", keychain.Azure}, {"acme.azurecr.cn", keychain.Azure}, {"acme.azurecr.us", keychain.Azure},
		// Look-alikes, and hosts of the same clouds that aren't registries.
		{"123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example", ""},
		{"123456789012.dkr.ecr.evil.example.amazonaws.com", ""}, {"12345.dkr.ecr.eu-central-1.amazonaws.com", ""},
		{"123456789012.dkr.ecr.eu-central-1.amazonaws.com:8443", ""}, {"123456789012.dkr.ecrx.eu-west-1.amazonaws.com", ""},
		{"s3.amazonaws.com", ""}, {"public.ecr.aws", ""},
		{"evilgcr.io", ""}, {"gcr.io.evil.example", ""}, {"gcr.io:8443", ""}, {"pkg.dev", ""}, {"evil.pkg.dev", ""}, {"storage.google.com", ""},
		{"acme.azurecr.io.evil.example", ""}, {"acme.azurecr.io:8443", ""}, {"azurecr.io", ""}, {"evilazurecr.io", ""}, {"a.b.azurecr.io", ""},
		{"ghcr.io", ""}, {"index.docker.io", ""}, {"", ""},
	}
	for _, tt := range tests {
		for _, p := range keychain.Providers() {
			if got := p.Serves(tt.host); got != (p == tt.want) {
				t.Errorf("%s serves %q: %v", p, tt.host, got)
			}
		}
	}
}

// clouds answers in place of the clouds, and keeps whom it was asked for.
type clouds struct {
	mu    sync.Mutex
	asked []string
	// answers holds JSON by "METHOD host/path".
	answers map[string]string
	forms   map[string]url.Values
}

func (c *clouds) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := req.Method + " " + req.URL.Host + req.URL.Path
	c.asked = append(c.asked, key)
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		if form, err := url.ParseQuery(string(body)); err == nil {
			c.forms[key] = form
		}
	}
	answer, known := c.answers[key]
	if !known {
		return nil, fmt.Errorf("nobody answers %s", key)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)),
	}, nil
}

func newClouds(answers map[string]string) *clouds {
	return &clouds{answers: answers, forms: map[string]url.Values{}}
}

func (c *clouds) count(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, asked := range c.asked {
		if asked == key {
			n++
		}
	}
	return n
}

// noIdentity keeps the machine's own identities out of a test.
func noIdentity(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CA_BUNDLE", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH",
		"AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "GOOGLE_APPLICATION_CREDENTIALS",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

const ecrRegistry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"

func TestECR(t *testing.T) {
	noIdentity(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	const call = "POST api.ecr.eu-central-1.amazonaws.com/"
	now := time.Now()
	aws := newClouds(map[string]string{call: fmt.Sprintf(`{"authorizationData": [{"authorizationToken": %q, "expiresAt": %d}]}`,
		base64.StdEncoding.EncodeToString([]byte("AWS:token")), now.Add(12*time.Hour).Unix())})
	s := keychain.Ambient(keychain.ECR, keychain.Options{Transport: aws, Now: func() time.Time { return now }})
	var got []int
	for _, pass := range []time.Duration{0, time.Hour, 10 * time.Hour, 57 * time.Minute} {
		now = now.Add(pass)
		found, err := s.Find(t.Context(), repository(t, ecrRegistry+"/app"), false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(authn.AuthConfig{Username: "AWS", Password: "token"}, found); diff != "" {
			t.Errorf("Find (-want +got):\n%s", diff)
		}
		got = append(got, aws.count(call))
	}
	if diff := cmp.Diff([]int{1, 1, 1, 2}, got); diff != "" { // anew five minutes before its end
		t.Errorf("tokens asked for so far (-want +got):\n%s", diff)
	}
}

func TestGoogle(t *testing.T) {
	noIdentity(t)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", write(t, "adc.json",
		`{"type": "authorized_user", "client_id": "id", "client_secret": "secret", "refresh_token": "refresh"}`, 0o600))
	google := newClouds(map[string]string{"POST oauth2.googleapis.com/token": `{"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}`})
	s := keychain.Ambient(keychain.GCP, keychain.Options{Transport: google})
	for _, text := range []string{"europe-west3-docker.pkg.dev/acme/apps/app", "europe-west3-docker.pkg.dev/acme/apps/web"} {
		found, err := s.Find(t.Context(), repository(t, text), false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(authn.AuthConfig{Username: "oauth2accesstoken", Password: "token"}, found); diff != "" {
			t.Errorf("Find (-want +got):\n%s", diff)
		}
	}
	if n := google.count("POST oauth2.googleapis.com/token"); n != 1 {
		t.Errorf("%d tokens were asked for", n)
	}
}

func TestAzure(t *testing.T) {
	noIdentity(t)
	t.Setenv("AZURE_TENANT_ID", "11111111-1111-1111-1111-111111111111")
	t.Setenv("AZURE_CLIENT_ID", "client")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", write(t, "token", "assertion", 0o600))
	const authority = "login.microsoftonline.com/11111111-1111-1111-1111-111111111111"
	azure := newClouds(map[string]string{
		"GET login.microsoftonline.com/common/discovery/instance": `{"tenant_discovery_endpoint": "https://` + authority + `/v2.0/.well-known/openid-configuration",
			"metadata": [{"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net", "aliases": ["login.microsoftonline.com"]}]}`,
		"GET " + authority + "/v2.0/.well-known/openid-configuration": `{"issuer": "https://` + authority + `/v2.0",
			"authorization_endpoint": "https://` + authority + `/oauth2/v2.0/authorize", "token_endpoint": "https://` + authority + `/oauth2/v2.0/token"}`,
		"POST " + authority + "/oauth2/v2.0/token": `{"access_token": "entra", "expires_in": 3600, "token_type": "Bearer"}`,
		"POST acme.azurecr.io/oauth2/exchange":     `{"refresh_token": "registry's own"}`,
	})
	s := keychain.Ambient(keychain.Azure, keychain.Options{Transport: azure})
	found, err := s.Find(t.Context(), repository(t, "acme.azurecr.io/app"), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(authn.AuthConfig{Username: "00000000-0000-0000-0000-000000000000", Password: "registry's own"}, found); diff != "" {
		t.Errorf("Find (-want +got):\n%s", diff)
	}
	want := url.Values{"grant_type": {"access_token"}, "service": {"acme.azurecr.io"}, "access_token": {"entra"}}
	if diff := cmp.Diff(want, azure.forms["POST acme.azurecr.io/oauth2/exchange"]); diff != "" {
		t.Errorf("the exchange (-want +got):\n%s", diff)
	}
}

// An identity that isn't there is an error to those who asked for it by name. For
// others it is a line in the log, and the registry is asked anonymously.
func TestNoIdentity(t *testing.T) {
	noIdentity(t)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", write(t, "gone", "", 0o600)+".not")
	t.Setenv("AZURE_CLIENT_SECRET", "secret") // and no tenant
	hosts := map[keychain.Provider]string{keychain.ECR: ecrRegistry, keychain.GCP: "eu.gcr.io", keychain.Azure: "acme.azurecr.io"}
	for p, host := range hosts {
		t.Run(string(p), func(t *testing.T) {
			var log strings.Builder
			o := keychain.Options{Transport: newClouds(nil), Log: slog.New(slog.NewTextHandler(&log, nil))}
			s := keychain.Ambient(p, o)
			_, err := s.Find(t.Context(), repository(t, host+"/app"), false)
			if err == nil || !strings.Contains(err.Error(), "asking "+string(p)+" for credentials of "+host) {
				t.Errorf("the error is %v", err)
			}
			optional := keychain.Optional(s, o)
			for range 2 {
				found, err := optional.Find(t.Context(), repository(t, host+"/app"), false)
				if found != (authn.AuthConfig{}) || err != nil {
					t.Errorf("where it is optional: %v", err)
				}
			}
			if strings.Count(log.String(), "going on without credentials") != 1 {
				t.Errorf("the log says %s", log.String())
			}
			found, err := s.Find(t.Context(), repository(t, "ghcr.io/acme/app"), false)
			if found != (authn.AuthConfig{}) || err != nil {
				t.Errorf("for a host of others: %v", err)
			}
		})
	}
}

// A caller that goes away doesn't become an anonymous request.
func TestOptionalWithoutTime(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	failing := source(func(authn.Resource, bool) (authn.AuthConfig, error) { return authn.AuthConfig{}, os.ErrNotExist })
	if _, err := keychain.Optional(failing, keychain.Options{}).Find(ctx, repository(t, "gcr.io/app"), false); !errors.Is(err, gone) {
		t.Errorf("the error is %v", err)
	}
}
