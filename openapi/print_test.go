package openapi_test
import "testing"
import "os"
import "github.com/tandem-go/tandem/openapi"
func TestPrint(t *testing.T) { os.WriteFile("/tmp/inv.json", build(t, inventory(t), openapi.Config{Auth:true}).JSON(), 0o600);os.WriteFile("/tmp/every.json", build(t, everything(t), openapi.Config{Auth:true}).JSON(), 0o600) }
