package signature_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/signature"
)

func Example() {
	key, err := signature.NewKey("release", []byte(`-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := signature.New(signature.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var src signature.Source = &store{err: registry.ErrNotFound} // a *registry.Client, otherwise
	verdict, err := verifier.Verify(context.Background(), src, "ghcr.io/acme/app", digestOf("image"),
		signature.Requirement{Keys: []signature.Key{key}})
	switch {
	case errors.Is(err, signature.ErrUnsigned):
		fmt.Println("wait for the signature")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(verdict)
	}
	// Output: wait for the signature
}
