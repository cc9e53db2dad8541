#pragma once

// The listener `http2`: POST to /v1/validations or below it, with prior knowledge. 200 with a receipt in JSON, 400 for
// a body that is no batch, 503 for what ingest does not want now; otherwise 404, 405, 413, 431.

#include "server/listener.h"

namespace portillon::server::listeners::http2 {

ListenerKind kind();

}  // namespace portillon::server::listeners::http2
