#include "server/listeners/mqtt/kind.h"

#include "server/listeners/mqtt/listener.h"

namespace portillon::server::listeners::mqtt {

ListenerKind kind() {
    return {"mqtt", [](const ListenerContext& context) { return std::make_unique<Listener>(context); }};
}

}  // namespace portillon::server::listeners::mqtt
