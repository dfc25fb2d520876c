package keychain

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

// isGoogle knows Artifact Registry and what is left of Container Registry.
func isGoogle(host string) bool {
	return host == "gcr.io" || strings.HasSuffix(host, ".gcr.io") || strings.HasSuffix(host, "-docker.pkg.dev")
}

// googleScope is the one that both registries take.
const googleScope = "https://www.googleapis.com/auth/cloud-platform"

// askGoogle takes the application default credentials: the file that
// GOOGLE_APPLICATION_CREDENTIALS names, gcloud's own file, or the metadata server.
// gcloud itself is never run.
func askGoogle(o Options) lookup {
	return func(ctx context.Context, _ authn.Resource) (authn.AuthConfig, time.Duration, error) {
		ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: o.Transport, Timeout: o.Timeout})
		found, err := google.FindDefaultCredentials(ctx, googleScope)
		if err != nil {
			return authn.AuthConfig{}, 0, err
		}
		token, err := found.TokenSource.Token()
		if err != nil {
			return authn.AuthConfig{}, 0, err
		}
		return authn.AuthConfig{Username: "oauth2accesstoken", Password: token.AccessToken}, lifeUntil(token.Expiry, o.Now()), nil
	}
}
