package keychain

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
)

// ecrHost is what an ECR host's name tells.
type ecrHost struct {
	region string
	fips   bool
}

// parseECR reads ACCOUNT.dkr.ecr[-fips].REGION.DOMAIN and its dual-stack form
// ACCOUNT.dkr-ecr[-fips].REGION.on.aws, with the domains of AWS's partitions.
func parseECR(host string) (ecrHost, bool) {
	account, rest, _ := strings.Cut(host, ".")
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return ecrHost{}, false
	}
	rest, found := strings.CutPrefix(rest, "dkr.ecr")
	if !found {
		if rest, found = strings.CutPrefix(rest, "dkr-ecr"); !found {
			return ecrHost{}, false
		}
	}
	rest, fips := strings.CutPrefix(rest, "-fips")
	rest, found = strings.CutPrefix(rest, ".")
	region, domain, _ := strings.Cut(rest, ".")
	if !found || region == "" || strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return ecrHost{}, false
	}
	switch domain {
	case "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "on.aws", "on.amazonwebservices.com.cn",
		"c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov":
		return ecrHost{region, fips}, true
	}
	return ecrHost{}, false
}

// askECR exchanges the AWS identity of the process (environment, web identity, shared
// configuration, container or instance role) for a password of twelve hours. Without
// a transport the SDK makes its own, which obeys AWS_CA_BUNDLE.
func askECR(o Options, transport http.RoundTripper) lookup {
	return func(ctx context.Context, target authn.Resource) (authn.AuthConfig, time.Duration, error) {
		host, _ := parseECR(target.RegistryStr())
		c, err := config.LoadDefaultConfig(ctx, config.WithRegion(host.region), config.WithRetryMaxAttempts(2),
			sendingBy(transport), fips(host.fips))
		if err != nil {
			return authn.AuthConfig{}, 0, err
		}
		out, err := ecr.NewFromConfig(c).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
		if err != nil {
			return authn.AuthConfig{}, 0, err
		}
		if len(out.AuthorizationData) == 0 {
			return authn.AuthConfig{}, 0, errors.New("the answer holds no token")
		}
		data := out.AuthorizationData[0]
		text, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
		username, pass, found := strings.Cut(string(text), ":")
		if err != nil || !found {
			return authn.AuthConfig{}, 0, errors.New("the answer's token isn't the base64 of user:password")
		}
		return authn.AuthConfig{Username: username, Password: pass}, lifeUntil(aws.ToTime(data.ExpiresAt), o.Now()), nil
	}
}

func sendingBy(transport http.RoundTripper) config.LoadOptionsFunc {
	return func(o *config.LoadOptions) error {
		if transport != nil {
			o.HTTPClient = &http.Client{Transport: transport}
		}
		return nil
	}
}

func fips(wanted bool) config.LoadOptionsFunc {
	return func(o *config.LoadOptions) error {
		if wanted {
			o.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		return nil
	}
}
