package webhook_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry/webhook"
)

const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func pushed(repository, tag string) []webhook.Push {
	return []webhook.Push{{Repository: repository, Tag: tag, Digest: digest}}
}

func untagged(repository string) []webhook.Push { return pushed(repository, "") }

func undigested(repository string, tags ...string) []webhook.Push {
	var all []webhook.Push
	for _, t := range tags {
		all = append(all, webhook.Push{Repository: repository, Tag: t})
	}
	return all
}

// parsing is a case of a table: a body of one sender, and what it says. An error is
// wanted where none of it is said.
type parsing struct {
	name     string
	registry string
	header   http.Header
	body     string
	want     []webhook.Push
	wantErr  string // in the error's text
}

func (p parsing) run(t *testing.T, kind webhook.Kind) {
	t.Helper()
	t.Run(p.name, func(t *testing.T) {
		got, err := webhook.Parse(kind, p.registry, p.header, []byte(p.body))
		if diff := cmp.Diff(p.want, got); diff != "" {
			t.Errorf("pushes (-want +got):\n%s", diff)
		}
		if p.wantErr == "" && err != nil {
			t.Errorf("error: %v", err)
		}
		if p.wantErr != "" && (err == nil || !strings.Contains(err.Error(), p.wantErr)) {
			t.Errorf("error %v, want %q in it", err, p.wantErr)
		}
	})
}

func TestDistribution(t *testing.T) {
	event := func(action, mediaType, repository, tag, host string) string {
		return fmt.Sprintf(`{"id":"320678d8","timestamp":"2026-03-09T14:44:26Z","action":%q,
			"target":{"mediaType":%q,"size":708,"digest":%q,"length":708,"repository":%q,"tag":%q,
			"url":"http://registry.internal:5000/v2/x/manifests/sha256:0"},
			"request":{"id":"6df24a34","addr":"192.0.2.7:39302","host":%q,"method":"PUT","useragent":"docker/28.0"},
			"actor":{},"source":{"addr":"b3:5000","instanceID":"a53d"}}`, action, mediaType, digest, repository, tag, host)
	}
	const (
		manifest = "application/vnd.oci.image.manifest.v1+json"
		layer    = "application/vnd.oci.image.layer.v1.tar+gzip"
		host     = "registry.example.com:5000"
	)
	envelope := func(events ...string) string { return `{"events":[` + strings.Join(events, ",") + `]}` }
	for _, tt := range []parsing{
		{name: "push", body: envelope(event("push", manifest, "shop/web", "1.2.0", host)), want: pushed(host+"/shop/web", "1.2.0")},
		{name: "a media type of the future", body: envelope(event("push", "application/x", "shop/web", "1.2.0", host)), want: pushed(host+"/shop/web", "1.2.0")},
		{name: "no tag, as signatures have it", body: envelope(event("push", manifest, "shop/web", "", host)), want: untagged(host + "/shop/web")},
		{name: "layer", body: envelope(event("push", layer, "shop/web", "", host))},
		{name: "pull, mount and delete", body: envelope(event("pull", manifest, "a/b", "1", host), event("mount", layer, "a/b", "", host), event("delete", manifest, "a/b", "1", host))},
		{name: "many", body: envelope(event("push", layer, "shop/web", "", host), event("push", manifest, "shop/web", "1.2.0", host), event("push", manifest, "shop/web", "1.2.0", host), event("push", manifest, "shop/db", "2", host)),
			want: append(pushed(host+"/shop/web", "1.2.0"), pushed(host+"/shop/db", "2")...)},
		{name: "no Host", body: envelope(event("push", manifest, "shop/web", "1", "")), want: pushed("registry.internal:5000/shop/web", "1")},
		{name: "configured", registry: "Registry.example.com", body: envelope(event("push", manifest, "shop/web", "1", "10.0.0.7:5000")), want: pushed("registry.example.com/shop/web", "1")},
		{name: "one can't be named", body: envelope(event("push", manifest, "../etc/PASSWD", "1", host), event("push", manifest, "shop/web", "1", host)), want: pushed(host+"/shop/web", "1")},
		{name: "none can be named", body: envelope(event("push", manifest, "shop/WEB", "1", host)), wantErr: "no repository"},
		{name: "an address for a host", body: envelope(event("push", manifest, "web", "1", "evil/..")), wantErr: "no re"},
		{name: "a host that no image has", body: envelope(event("push", manifest, "shop/web", "1", "registry")), wantErr: "set registry"},
		{name: "tag and digest of no image", body: strings.ReplaceAll(envelope(event("push", manifest, "shop/web", "1\n2", host)), digest, "md5:0"), want: undigested(host+"/shop/web", "")},
		{name: "no events", body: `{}`},
		{name: "another shape", body: `{"events":"push"}`, wantErr: "isn't the JSON"},
		{name: "a list", body: `[]`, wantErr: "isn't the JSON"},
		{name: "more after it", body: `{}{}`, wantErr: "isn't the JSON"},
		{name: "nothing", wantErr: "isn't the JSON"},
		{name: "deep", body: strings.Repeat(`{"events":[`, 50_000), wantErr: "isn't the JSON"},
		{name: "deep where nobody looks", body: `{"x":` + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) + `}`, wantErr: "isn't the JSON"},
	} {
		tt.run(t, webhook.Distribution)
	}
}

func TestACR(t *testing.T) {
	body := func(action, host string) string {
		return fmt.Sprintf(`{"id":"cb8c3971","timestamp":"2026-03-09T16:52:01Z","action":%q,"target":{"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
			"size":524,"digest":%q,"length":524,"repository":"shop/web","tag":"1.2.0"},"request":{"id":"3cbb6949","host":%q,"method":"PUT","useragent":"docker/28.0"}}`, action, digest, host)
	}
	for _, tt := range []parsing{
		{name: "push", body: body("push", "acme.azurecr.io"), want: pushed("acme.azurecr.io/shop/web", "1.2.0")},
		{name: "no host", body: body("push", ""), wantErr: "set registry"},
		{name: "delete", body: body("delete", "acme.azurecr.io")},
		{name: "ping", body: `{"id":"1","action":"ping"}`},
		{name: "push of nothing", body: `{"action":"push"}`, wantErr: "no repository"},
	} {
		tt.run(t, webhook.ACR)
	}
}

func TestDockerHub(t *testing.T) {
	body := func(name string) string {
		return fmt.Sprintf(`{"callback_url":"https://registry.hub.docker.com/u/acme/web/hook/2141/","push_data":{"pushed_at":1741535161,"pusher":"ci","tag":"1.2.0"},
			"repository":{"name":"web","namespace":"acme","owner":"acme","repo_name":%q,"repo_url":"https://registry.hub.docker.com/u/acme/web/","status":"Active"}}`, name)
	}
	for _, tt := range []parsing{
		{name: "push", body: body("acme/web"), want: undigested("docker.io/acme/web", "1.2.0")},
		{name: "official", body: body("nginx"), want: undigested("docker.io/library/nginx", "1.2.0")},
		{name: "no repository", body: body(""), wantErr: "no repository"},
		{name: "something else", body: `{"repository":{"repo_name":"acme/web"}}`},
		{name: "a name that leads elsewhere", body: body("evil.example.com/web"), want: undigested("docker.io/evil.example.com/web", "1.2.0")},
	} {
		tt.run(t, webhook.DockerHub)
	}
}

func TestQuay(t *testing.T) {
	body := func(tags string) string {
		return `{"name":"web","repository":"acme/web","namespace":"acme","docker_url":"quay.io/acme/web","homepage":"https://quay.io/repository/acme/web"` + tags + `}`
	}
	for _, tt := range []parsing{
		{name: "push", body: body(`,"updated_tags":["1.2.0","latest"]`), want: undigested("quay.io/acme/web", "1.2.0", "latest")},
		{name: "push, long ago", body: body(`,"updated_tags":{"latest":"b750fe79","1.2.0":"b750fe79"}`), want: undigested("quay.io/acme/web", "1.2.0", "latest")},
		{name: "another host", registry: "quay.example.com:8443", body: body(`,"updated_tags":["1"]`), want: undigested("quay.example.com:8443/acme/web", "1")},
		{name: "a build", body: body(`,"build_id":"296ec063","docker_tags":["latest"]`)},
		{name: "no tags", body: body(`,"updated_tags":null`)},
		{name: "odd tags", body: body(`,"updated_tags":[1]`), wantErr: "isn't the JSON"},
	} {
		tt.run(t, webhook.Quay)
	}
}

func TestGCR(t *testing.T) {
	body := func(data string) string {
		return fmt.Sprintf(`{"message":{"attributes":{},"data":%q,"messageId":"2070443601311540","message_id":"2070443601311540","publishTime":"2026-03-09T19:13:55Z"},
			"subscription":"projects/acme/subscriptions/towline"}`, base64.StdEncoding.EncodeToString([]byte(data)))
	}
	const host = "europe-docker.pkg.dev/acme/shop/web"
	for _, tt := range []parsing{
		{name: "push", body: body(`{"action":"INSERT","digest":"` + host + "@" + digest + `","tag":"` + host + `:1.2.0"}`), want: pushed(host, "1.2.0")},
		{name: "no tag", body: body(`{"action":"INSERT","digest":"` + host + "@" + digest + `"}`), want: untagged(host)},
		{name: "the old registry", body: body(`{"action":"INSERT","digest":"gcr.io/acme/web@` + digest + `","tag":"gcr.io/acme/web:1"}`), want: pushed("gcr.io/acme/web", "1")},
		{name: "delete", body: body(`{"action":"DELETE","tag":"` + host + `:1.2.0"}`)},
		{name: "no image", body: body(`{"action":"INSERT"}`), wantErr: "no repository"},
		{name: "other data", body: body(`hello`), wantErr: "isn't the JSON"},
		{name: "no base64", body: `{"message":{"data":"{}"}}`, wantErr: "isn't the JSON"},
		{name: "no message", body: `{}`, wantErr: "isn't the JSON"},
	} {
		tt.run(t, webhook.GCR)
	}
}

func TestECR(t *testing.T) {
	body := func(region, result, action string) string {
		return fmt.Sprintf(`{"version":"0","id":"13cde686","detail-type":"ECR Image Action","source":"aws.ecr","account":"123456789012","time":"2026-03-09T01:54:34Z",
			"region":%q,"resources":[],"detail":{"result":%q,"repository-name":"shop/web","image-digest":%q,"action-type":%q,"image-tag":"1.2.0"}}`, region, result, digest, action)
	}
	for _, tt := range []parsing{
		{name: "push", body: body("eu-west-1", "SUCCESS", "PUSH"), want: pushed("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web", "1.2.0")},
		{name: "China", body: body("cn-north-1", "SUCCESS", "PUSH"), want: pushed("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop/web", "1.2.0")},
		{name: "no region", body: body("", "SUCCESS", "PUSH"), wantErr: "set registry"},
		{name: "failed", body: body("eu-west-1", "FAILURE", "PUSH")},
		{name: "delete", body: body("eu-west-1", "SUCCESS", "DELETE")},
		{name: "a scan", body: `{"detail-type":"ECR Image Scan","account":"1","region":"eu-west-1","detail":{"repository-name":"shop/web"}}`},
	} {
		tt.run(t, webhook.ECR)
	}
}

func TestParseUnknownKind(t *testing.T) {
	if _, err := webhook.Parse("nexus", "", nil, []byte(`{}`)); err == nil {
		t.Error("a kind that isn't known was parsed")
	}
}
