#pragma once

// The type of our coroutines: on the concrete executor of an io_context, since a type-erased one costs an allocation
// per resumption.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace portillon::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_task{};

}  // namespace portillon::net
