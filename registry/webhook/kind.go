package webhook

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Kind is the format of a sender.
type Kind string

// The kinds of senders.
const (
	ACR          Kind = "acr"          // Azure Container Registry
	CloudEvents  Kind = "cloudevents"  // CloudEvents 1.0, Zot's among them
	Distribution Kind = "distribution" // CNCF distribution, and registries built on it
	DockerHub    Kind = "dockerhub"
	ECR          Kind = "ecr"  // Amazon ECR, by EventBridge
	GCR          Kind = "gcr"  // Google Artifact Registry and Container Registry, by Pub/Sub
	GHCR         Kind = "ghcr" // GitHub's container registry
	Gitea        Kind = "gitea"
	Harbor       Kind = "harbor"
	Quay         Kind = "quay"
)

// Auth is how a sender shows who it is.
type Auth string

const (
	// HMAC is a signature of the body: X-Hub-Signature-256: sha256=HEX.
	HMAC Auth = "hmac"
	// Token is the secret as the value of Authorization, alone or after "Bearer ".
	Token Auth = "token"
	// Basic is HTTP's basic authentication, with the secret as the password.
	Basic Auth = "basic"
	// Query is the secret in the address: ?token=SECRET. Proxies write addresses to
	// their logs, so it is for senders that can do nothing else.
	Query Auth = "query"
)

// sender is what is known of a kind.
type sender struct {
	parse func(message) ([]image, error)
	auths []Auth // what it can do; the first is the default
}

// message is a request whose body was read.
type message struct {
	header http.Header
	body   []byte
}

// decode reads JSON. What the standard library says of a mistake may quote the body, so
// it isn't passed on.
func decode(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return errShape
	}
	return nil
}

func (k Kind) sender() (sender, bool) {
	headers := []Auth{Token, Basic}
	switch k {
	case ACR:
		return sender{parseACR, headers}, true
	case CloudEvents:
		return sender{parseCloudEvent, []Auth{Token, Basic, Query}}, true
	case Distribution:
		return sender{parseDistribution, headers}, true
	case DockerHub:
		return sender{parseDockerHub, []Auth{Query}}, true
	case ECR:
		return sender{parseECR, headers}, true
	case GCR:
		return sender{parseGCR, []Auth{Query}}, true
	case GHCR:
		return sender{parseGHCR, []Auth{HMAC}}, true
	case Gitea:
		return sender{parseGitea, []Auth{HMAC, Token}}, true
	case Harbor:
		return sender{parseHarbor, headers}, true
	case Quay:
		return sender{parseQuay, []Auth{Query}}, true
	}
	return sender{}, false
}

// Kinds gives all kinds, sorted.
func Kinds() []Kind {
	return []Kind{ACR, CloudEvents, Distribution, DockerHub, ECR, GCR, GHCR, Gitea, Harbor, Quay}
}

// Auths gives the ways in which a sender of the kind can show who it is, the default
// first; none for a kind that isn't known.
func (k Kind) Auths() []Auth {
	s, _ := k.sender()
	return slices.Clone(s.auths)
}
