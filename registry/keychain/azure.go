package keychain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/go-containerregistry/pkg/authn"
)

// azureCloud returns the cloud of a registry's host.
func azureCloud(host string) (cloud.Configuration, bool) {
	registry, domain, _ := strings.Cut(host, ".")
	if registry == "" || strings.Trim(registry, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return cloud.Configuration{}, false
	}
	switch domain {
	case "azurecr.io":
		return cloud.AzurePublic, true
	case "azurecr.cn":
		return cloud.AzureChina, true
	case "azurecr.us":
		return cloud.AzureGovernment, true
	}
	return cloud.Configuration{}, false
}

func isAzure(host string) bool { _, ok := azureCloud(host); return ok }

const (
	azureScope = "https://containerregistry.azure.net/.default"
	// azureUser is the user name that goes with the registry's own tokens.
	azureUser = "00000000-0000-0000-0000-000000000000"
	// azureLife is how long a registry's token is kept; it is good for three hours.
	azureLife = time.Hour
)

// askAzure exchanges the identity of the process for a token of the registry itself
// (the exchange is described in the project Azure/acr, docs/AAD-OAuth.md).
func askAzure(o Options) lookup {
	return func(ctx context.Context, target authn.Resource) (authn.AuthConfig, time.Duration, error) {
		in, _ := azureCloud(target.RegistryStr())
		identity, err := azureIdentity(azcore.ClientOptions{
			Cloud: in, Transport: &http.Client{Transport: o.Transport, Timeout: o.Timeout}, Retry: policy.RetryOptions{MaxRetries: 1},
		})
		if err != nil {
			return authn.AuthConfig{}, 0, err
		}
		token, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{azureScope}})
		if err != nil {
			return authn.AuthConfig{}, 0, err
		}
		pass, err := exchange(ctx, o, target.RegistryStr(), token.Token)
		return authn.AuthConfig{Username: azureUser, Password: pass}, azureLife, err
	}
}

// azureIdentity chooses by what Azure's own environment variables say; without
// them it is the managed identity of the machine.
func azureIdentity(o azcore.ClientOptions) (azcore.TokenCredential, error) {
	switch {
	case os.Getenv("AZURE_CLIENT_SECRET") != "" || os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH") != "":
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: o})
	case os.Getenv("AZURE_FEDERATED_TOKEN_FILE") != "":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: o})
	}
	managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: o}
	if id := os.Getenv("AZURE_CLIENT_ID"); id != "" {
		managed.ID = azidentity.ClientID(id)
	}
	return azidentity.NewManagedIdentityCredential(managed)
}

func exchange(ctx context.Context, o Options, host, token string) (string, error) {
	form := url.Values{"grant_type": {"access_token"}, "service": {host}, "access_token": {token}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+host+"/oauth2/exchange", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := o.Transport.RoundTrip(req) // no client: the token follows no redirect
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }() // what mattered has been read
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("exchanging the token at %s: %s", host, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxFile))
	if err != nil {
		return "", err
	}
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.RefreshToken == "" {
		return "", errors.New("exchanging the token at " + host + ": the answer holds no token")
	}
	return answer.RefreshToken, nil
}
